#include "pipeline/report/png_files.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "lib/base/files.h"
#include "lib/base/scratch_directory.h"
#include "tests/unit/pipeline_report/sample_report.h"

namespace cairn::pipeline {
namespace {

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
  const absl::Status status = RasterizeSvg("<svg/>", "/nowhere.png", "no-such-rasterizer");
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

}  // namespace
}  // namespace cairn::pipeline
