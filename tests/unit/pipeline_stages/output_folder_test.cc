// Kinds of fault: two runs write into one folder; killed runs leave their temporary files.

#include "pipeline/stages/output_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_stages/test_pipeline.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;
using cairn::testing::StatusIs;

TEST(TwoRunsWithOneFolder, TheSecondIsRefusedNamingFolderAndProcess) {
  const ScratchFolder folder;
  const std::string path = folder / "out";
  std::optional<OutputFolder> first(path);
  ASSERT_THAT(first->Prepare(), IsOk());
  const absl::Status refused = OutputFolder(path).Prepare();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(MetadataOf(refused, "pid"), std::to_string(::getpid()));
  EXPECT_NE(refused.message().find(path), std::string_view::npos) << refused;
  EXPECT_NE(refused.message().find(std::to_string(::getpid())), std::string_view::npos) << refused;
  first.reset();
  EXPECT_THAT(OutputFolder(path).Prepare(), IsOk());
}

TEST(TwoRunsWithOneFolder, TheSecondRunChangesNothing) {
  const ScratchFolder folder;
  RunRequest request = SmallRequest(folder, 1);
  request.out = folder / "out";
  OutputFolder first(request.out);
  ASSERT_THAT(first.Prepare(), IsOk());
  EXPECT_THAT(RunPipeline(request, {}, nullptr), StatusIs(absl::StatusCode::kAborted));
  EXPECT_FALSE(std::filesystem::exists(first.PathOf("rejects.csv")));
}

TEST(KilledRuns, TheirTemporaryFilesGoAtTheNextRunAndNothingElse) {
  const ScratchFolder folder;
  const std::string path = folder / "out";
  std::filesystem::create_directories(path + "/.cache");
  std::filesystem::create_directories(path + "/mlflow");
  std::filesystem::create_directories(path + "/charts");
  const std::vector<std::string> gone = {"/features.csv.123.tmp", "/.cache/pca-ab.bin.9.tmp",
                                         "/mlflow/MLmodel.77.tmp",
                                         "/charts/segment-sizes.png.77.tmp"};
  const std::vector<std::string> stay = {"/notes.tmp", "/features.csv", "/.cache/pca-ab.bin",
                                         "/charts/segment-sizes.png"};
  for (const auto& names : {gone, stay}) {
    for (const std::string& name : names)
      ASSERT_THAT(WriteFileAtomically(path + name, "x"), IsOk());
  }
  OutputFolder out(path);
  ASSERT_THAT(out.Prepare(), IsOk());
  for (const std::string& name : gone) EXPECT_FALSE(std::filesystem::exists(path + name)) << name;
  for (const std::string& name : stay) EXPECT_TRUE(std::filesystem::exists(path + name)) << name;
}

}  // namespace
}  // namespace cairn::pipeline
