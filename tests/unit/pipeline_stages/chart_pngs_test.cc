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

// PATH without any program, for the life of the object.
class EmptyPath {
 public:
  EmptyPath() : before_(std::getenv("PATH")) { ::setenv("PATH", "/nowhere", 1); }
  ~EmptyPath() { ::setenv("PATH", before_.c_str(), 1); }
  EmptyPath(const EmptyPath&) = delete;
  EmptyPath& operator=(const EmptyPath&) = delete;

 private:
  const std::string before_;
};

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
  std::vector<std::string> lines;
  RunObserver observer;
  observer.input = [&](const std::string& line) { lines.push_back(line); };
  const RunRequest request = PngRequest(folder, ChartPngs::kAuto);
  {
    const EmptyPath nothing;
    EXPECT_THAT(RunPipeline(request, observer, &publisher), cairn::testing::IsOk());
  }
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

}  // namespace
}  // namespace cairn::pipeline
