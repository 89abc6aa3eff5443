#include "pipeline/report/png_files.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "lib/base/files.h"
#include "lib/base/scratch_directory.h"
#include "tests/unit/pipeline_report/sample_report.h"

namespace cairn::pipeline {
namespace {

constexpr std::chrono::milliseconds kShortPatience(20);

// A shell script in the place of the rasterizer; an absolute path, as its interpreter's.
std::string ScriptIn(const ScratchDirectory& scratch, const std::string& commands) {
  const std::string path = scratch.path() + "/rasterizer";
  EXPECT_EQ(WriteFileAtomically(path, "#!/bin/sh\n" + commands + "\n"), absl::OkStatus());
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return path;
}

TEST(WritePngsTest, DrawsEveryChart) {
  const auto scratch = ScratchDirectory::Make();
  ASSERT_TRUE(scratch.ok());
  const std::string folder = (*scratch)->path() + "/charts";
  const std::vector<ChartFile> charts = DrawCharts(SampleReport(3, 100));
  ASSERT_EQ(WritePngs(charts, folder), absl::OkStatus());
  for (const ChartFile& chart : charts) {
    const auto png = ReadFile(folder + "/" + chart.name + ".png");
    ASSERT_TRUE(png.ok()) << png.status();
    EXPECT_TRUE(png->starts_with("\x89PNG")) << chart.name;
    // The width stands after the signature, a length and a name.
    EXPECT_EQ(png->substr(16, 4), std::string("\0\0\x06\x40", 4)) << chart.name;
  }
}

TEST(RasterizeSvgTest, AMissingProgramIsNamedWithItsPackage) {
  const absl::Status status =
      RasterizeSvg("<svg/>", "/nowhere.png", {.program = "no-such-rasterizer"});
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(status.message().find("librsvg2-bin"), std::string::npos) << status;
}

TEST(RasterizeSvgTest, AFailureSaysWhatTheProgramSaidAndLeavesTheFile) {
  const auto scratch = ScratchDirectory::Make();
  ASSERT_TRUE(scratch.ok());
  const std::string path = (*scratch)->path() + "/kept.png";
  ASSERT_TRUE(WriteFileAtomically(path, "before").ok());
  const absl::Status status = RasterizeSvg("no picture", path);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << status;
  EXPECT_EQ(ReadFile(path).value(), "before");
}

TEST(RasterizeSvgTest, AProgramThatFailsIsNamedWithItsStatusAndItsFirstLine) {
  const auto scratch = ScratchDirectory::Make();
  ASSERT_TRUE(scratch.ok());
  const std::string path = (*scratch)->path() + "/chart.png";
  const std::string program = ScriptIn(**scratch, "echo no fonts >&2; echo more >&2; exit 7");
  const absl::Status status = RasterizeSvg("<svg/>", path, {.program = program});
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(status.message(), program + " ended with 7: no fonts");
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(RasterizeSvgTest, AProgramThatHangsIsStopped) {
  const auto scratch = ScratchDirectory::Make();
  ASSERT_TRUE(scratch.ok());
  const std::string path = (*scratch)->path() + "/chart.png";
  const std::string program = ScriptIn(**scratch, "exec /bin/sleep 3600");
  const absl::Status status =
      RasterizeSvg("<svg/>", path, {.program = program, .patience = kShortPatience});
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  EXPECT_NE(status.message().find(program), std::string::npos) << status;
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(RasterizeSvgTest, SuccessWithoutAPngIsNone) {
  const auto scratch = ScratchDirectory::Make();
  ASSERT_TRUE(scratch.ok());
  const std::string path = (*scratch)->path() + "/chart.png";
  for (const std::string commands : {"exit 0", "echo '<svg/>'", "printf '\\211PNG'"}) {
    const absl::Status status =
        RasterizeSvg("<svg/>", path, {.program = ScriptIn(**scratch, commands)});
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << commands << ": " << status;
    EXPECT_FALSE(std::filesystem::exists(path)) << commands;
  }
}

TEST(WritePngsTest, OneThatHangsLeavesNoFolder) {
  const auto scratch = ScratchDirectory::Make();
  ASSERT_TRUE(scratch.ok());
  const std::string folder = (*scratch)->path() + "/charts";
  const Rasterizer hanging = {.program = ScriptIn(**scratch, "exec /bin/sleep 3600"),
                              .patience = kShortPatience};
  const absl::Status status = WritePngs(DrawCharts(SampleReport(3, 100)), folder, hanging);
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  EXPECT_FALSE(std::filesystem::exists(folder));
}

}  // namespace
}  // namespace cairn::pipeline
