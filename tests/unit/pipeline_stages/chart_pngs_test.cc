#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "pipeline/stages/runner.h"
#include "tests/unit/pipeline_stages/recording_publisher.h"
#include "tests/unit/pipeline_stages/test_pipeline.h"

namespace cairn::pipeline {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr char kPngOfSizes[] = "report/charts/segment-sizes.png";

RunRequest PngRequest(const ScratchFolder& folder, ChartPngs png) {
  RunRequest request = SmallRequest(folder, 4);
  request.config.sweep.grid.k = {3};
  request.config.report.png = png;
  request.out = folder / "out";
  return request;
}

// Bytes and run of each artifact.
std::map<std::string, std::pair<std::string, size_t>> ArtifactsOf(
    const RecordingPublisher& publisher) {
  std::map<std::string, std::pair<std::string, size_t>> files;
  for (const ArtifactDraft& draft : publisher.artifacts) {
    for (const ArtifactDraft::File& file : draft.files) {
      files[file.path] = {*file.bytes, draft.run};
    }
  }
  return files;
}

// Another PATH, for the life of the object.
class SearchPath {
 public:
  explicit SearchPath(const std::string& path) : before_(std::getenv("PATH")) {
    ::setenv("PATH", path.c_str(), 1);
  }
  ~SearchPath() { ::setenv("PATH", before_.c_str(), 1); }
  SearchPath(const SearchPath&) = delete;
  SearchPath& operator=(const SearchPath&) = delete;

 private:
  const std::string before_;
};

// A folder whose rasterizer is a shell script.
std::string ScriptedRasterizer(const ScratchFolder& folder, const std::string& commands) {
  std::filesystem::create_directories(folder / "bin");
  const std::string path = folder / "bin/rsvg-convert";
  EXPECT_THAT(WriteFileAtomically(path, "#!/bin/sh\n" + commands + "\n"), cairn::testing::IsOk());
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return folder / "bin";
}

// What a run whose programs are searched for on `path` says of its input and its charts.
std::vector<std::string> LinesOf(const RunRequest& request, const std::string& path,
                                 Publisher* publisher) {
  std::vector<std::string> lines;
  RunObserver observer;
  observer.input = [&](const std::string& line) { lines.push_back(line); };
  const SearchPath only(path);
  EXPECT_THAT(RunPipeline(request, observer, publisher), cairn::testing::IsOk());
  return lines;
}

TEST(ChartPngs, ARegisteredRunKeepsThemBesideTheSvg) {
  const ScratchFolder folder;
  RecordingPublisher publisher;
  const RunOutcome outcome = RunOrDie(PngRequest(folder, ChartPngs::kAuto), &publisher);
  const auto files = ArtifactsOf(publisher);
  ASSERT_EQ(files.count(kPngOfSizes), 1u);
  const auto& [bytes, run] = files.at(kPngOfSizes);
  EXPECT_TRUE(bytes.starts_with("\x89PNG"));
  EXPECT_EQ(run, outcome.selection.rows[outcome.selection.chosen].run);
  size_t svgs = 0;
  size_t pngs = 0;
  for (const auto& [path, file] : files) {
    svgs += path.ends_with(".svg") ? 1 : 0;
    pngs += path.ends_with(".png") ? 1 : 0;
  }
  EXPECT_EQ(svgs, pngs);
  EXPECT_FALSE(std::filesystem::exists(folder / "out/charts"));
}

TEST(ChartPngs, WithoutTheProgramTheRunIsRegisteredAndSaysWhatIsMissing) {
  const ScratchFolder folder;
  RecordingPublisher publisher;
  const auto lines = LinesOf(PngRequest(folder, ChartPngs::kAuto), "/nowhere", &publisher);
  EXPECT_THAT(lines, Contains(HasSubstr("librsvg2-bin")));
  const auto files = ArtifactsOf(publisher);
  EXPECT_EQ(files.count(kPngOfSizes), 0u);
  EXPECT_EQ(files.count("report/charts/segment-sizes.svg"), 1u);
}

TEST(ChartPngs, OffKeepsTheSvgAlone) {
  const ScratchFolder folder;
  RecordingPublisher publisher;
  RunOrDie(PngRequest(folder, ChartPngs::kOff), &publisher);
  EXPECT_EQ(ArtifactsOf(publisher).count(kPngOfSizes), 0u);
}

TEST(ChartPngs, AFolderHasThemOnlyWhereAsked) {
  const ScratchFolder folder;
  RunOrDie(PngRequest(folder, ChartPngs::kAuto));
  EXPECT_FALSE(std::filesystem::exists(folder / "out/charts"));
  RunOrDie(PngRequest(folder, ChartPngs::kOn));
  EXPECT_TRUE(std::filesystem::exists(folder / "out/charts/segment-sizes.png"));
  EXPECT_TRUE(std::filesystem::exists(folder / "out/charts/segment-sizes.svg"));
}

TEST(ChartPngs, AFailureIsOneLineAndNoOldPngStaysBesideTheNewSvg) {
  const ScratchFolder folder;
  const RunRequest request = PngRequest(folder, ChartPngs::kOn);
  const std::string png = folder / "out/charts/segment-sizes.png";
  std::filesystem::create_directories(folder / "out/charts");
  ASSERT_THAT(WriteFileAtomically(png, "of a run before"), cairn::testing::IsOk());
  const auto lines =
      LinesOf(request, ScriptedRasterizer(folder, "echo no fonts >&2; exit 7"), nullptr);
  EXPECT_THAT(lines, Contains(HasSubstr("ended with 7: no fonts")).Times(1));
  EXPECT_FALSE(std::filesystem::exists(png));
  EXPECT_TRUE(std::filesystem::exists(folder / "out/charts/segment-sizes.svg"));
}

TEST(ChartPngs, WhatAProgramLeavesEmptyIsNotPublished) {
  const ScratchFolder folder;
  RecordingPublisher publisher;
  const auto lines =
      LinesOf(PngRequest(folder, ChartPngs::kOn), ScriptedRasterizer(folder, "exit 0"), &publisher);
  EXPECT_THAT(lines, Contains(HasSubstr("wrote nothing")).Times(1));
  EXPECT_EQ(ArtifactsOf(publisher).count(kPngOfSizes), 0u);
  EXPECT_FALSE(std::filesystem::exists(folder / "out/charts/segment-sizes.png"));
}

TEST(ChartPngs, OnWithServerAndFolderKeepsTheSameInBoth) {
  const ScratchFolder folder;
  RecordingPublisher publisher;
  RunOrDie(PngRequest(folder, ChartPngs::kOn), &publisher);
  const auto files = ArtifactsOf(publisher);
  ASSERT_EQ(files.count(kPngOfSizes), 1u);
  EXPECT_TRUE(files.at(kPngOfSizes).first.starts_with("\x89PNG"));
  EXPECT_EQ(ReadFile(folder / "out/charts/segment-sizes.png").value(), files.at(kPngOfSizes).first);
  EXPECT_EQ(ReadFile(folder / "out/charts/segment-sizes.svg").value(),
            files.at("report/charts/segment-sizes.svg").first);
}

TEST(ChartPngs, ARunThatEndsWithTheProfileHandsThemOver) {
  const ScratchFolder folder;
  RecordingPublisher publisher;
  RunRequest request = PngRequest(folder, ChartPngs::kAuto);
  request.only = "profile";
  RunOrDie(request, &publisher);
  EXPECT_EQ(ArtifactsOf(publisher).count(kPngOfSizes), 1u);
  EXPECT_THAT(publisher.versions, ::testing::IsEmpty());
}

}  // namespace
}  // namespace cairn::pipeline
