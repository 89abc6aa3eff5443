#include "client-cli/mlflow_import/file_tree.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <string>

#include "client-cli/mlflow_import/file_source.h"
#include "lib/base/files.h"
#include "lib/base/scratch_directory.h"

namespace cairn::mlflow_import {
namespace {

const std::string kStoredRun(32, 'd');

// A folder with one experiment, one run and a registered model.
class FileStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = ScratchDirectory::Make();
    ASSERT_TRUE(made.ok()) << made.status();
    scratch_ = *std::move(made);
    Put("1/meta.yaml", "name: churn\nlifecycle_stage: active\nexperiment_id: '1'\n");
    Put("1/tags/team", "crm");
    Put("1/" + kStoredRun + "/meta.yaml",
        "run_id: x\nstatus: 3\nstart_time: 5\nend_time: 9\nlifecycle_stage: active\n"
        "user_id: ann\nartifact_uri: file:///moved/1/" +
            kStoredRun + "/artifacts\n");
    Put("1/" + kStoredRun + "/params/k", "two\nlines");
    Put("1/" + kStoredRun + "/tags/mlflow.runName", "first");
    Put("1/" + kStoredRun + "/metrics/val/loss", "10 0.5 0\n11 nan 1\n11 nan 1\n12 0.25");
    Put("1/" + kStoredRun + "/artifacts/model/MLmodel", "flavors");
    Put("models/net/meta.yaml", "name: net\ndescription: 'd: x'\n");
    Put("models/net/aliases/best", "1");
    Put("models/net/version-1/meta.yaml", "name: net\nversion: 1\ncurrent_stage: Staging\n");
    Put("models/net/version-2/meta.yaml", "version: 2\ncurrent_stage: Deleted_Internal\n");
  }

  void Put(const std::string& path, const std::string& text) {
    const std::string file = Path(path);
    ASSERT_TRUE(MakeDirectories(std::filesystem::path(file).parent_path()).ok());
    ASSERT_TRUE(WriteFileAtomically(file, text).ok());
  }
  std::string Path(const std::string& path) const { return scratch_->path() + "/" + path; }

  std::unique_ptr<ScratchDirectory> scratch_;
};

TEST_F(FileStoreTest, ExperimentsRunsAndPoints) {
  auto source = FileSource::Open(scratch_->path());
  ASSERT_TRUE(source.ok()) << source.status();
  const auto experiments = (*source)->Experiments();
  ASSERT_TRUE(experiments.ok());
  ASSERT_EQ(experiments->size(), 1u);
  EXPECT_EQ((*experiments)[0].name, "churn");
  EXPECT_EQ((*experiments)[0].tags.at("team"), "crm");
  std::vector<SourceRun> runs;
  ASSERT_TRUE((*source)
                  ->ForEachRun((*experiments)[0],
                               [&](SourceRun run) {
                                 runs.push_back(std::move(run));
                                 return absl::OkStatus();
                               })
                  .ok());
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].id, kStoredRun);
  EXPECT_EQ(runs[0].name, "first");
  EXPECT_EQ(runs[0].status, "FINISHED");
  EXPECT_EQ(runs[0].params.at("k"), "two\nlines");
  EXPECT_EQ(runs[0].metrics[0].key, "val/loss");
  size_t points = 0;
  ASSERT_TRUE((*source)
                  ->ReadHistory(kStoredRun, "val/loss",
                                [&](const std::vector<Point>& part) {
                                  points += part.size();
                                  return absl::OkStatus();
                                })
                  .ok());
  EXPECT_EQ(points, 3u);
}

TEST_F(FileStoreTest, LinksAreNotFollowedAndRemoteFilesAreNamed) {
  std::filesystem::create_symlink("/etc/passwd", Path("1/" + kStoredRun + "/artifacts/passwd"));
  const auto files = FilesBelow(Path("1/" + kStoredRun + "/artifacts"));
  ASSERT_TRUE(files.ok());
  ASSERT_EQ(files->files.size(), 1u);
  EXPECT_EQ(files->files[0].path, "model/MLmodel");
  EXPECT_EQ(files->files[0].size_bytes, 7);
  EXPECT_EQ(files->refused.size(), 1u);
  EXPECT_FALSE(ReadInParts(Path("1/" + kStoredRun + "/artifacts/passwd"), [](std::string_view) {
                 return absl::OkStatus();
               }).ok());
}

TEST_F(FileStoreTest, WhatIsDamagedIsToldAlone) {
  Put("1/" + std::string(32, 'e') + "/meta.yaml", "run_id: [");
  Put("2/meta.yaml", "[");
  auto source = FileSource::Open(scratch_->path());
  ASSERT_TRUE(source.ok()) << source.status();
  const auto experiments = (*source)->Experiments();
  ASSERT_TRUE(experiments.ok()) << experiments.status();
  ASSERT_EQ(experiments->size(), 2u);
  EXPECT_NE((*experiments)[1].unreadable, "");
  int damaged = 0;
  const absl::Status status = (*source)->ForEachRun((*experiments)[0], [&](const SourceRun& run) {
    damaged += run.unreadable.empty() ? 0 : 1;
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(damaged, 1);
}

TEST_F(FileStoreTest, WhatIsRegistered) {
  auto source = FileSource::Open(scratch_->path());
  ASSERT_TRUE(source.ok()) << source.status();
  const auto models = (*source)->RegisteredModels();
  ASSERT_TRUE(models.ok()) << models.status();
  ASSERT_EQ(models->size(), 1u);
  EXPECT_EQ((*models)[0].description, "d: x");
  EXPECT_EQ((*models)[0].aliases.at("best"), 1);
  const auto versions = (*source)->Versions("net");
  ASSERT_TRUE(versions.ok());
  ASSERT_EQ(versions->size(), 1u);
  EXPECT_EQ((*versions)[0].stage, "Staging");
  EXPECT_TRUE((*source)->Versions("../net")->empty());
}

TEST_F(FileStoreTest, AFolderWithoutExperimentsIsRefused) {
  EXPECT_FALSE(FileSource::Open(Path("1")).ok());
  EXPECT_TRUE(absl::IsNotFound(FileSource::Open(Path("nowhere")).status()));
}

TEST(FileTreeTest, LinesOfMetrics) {
  const auto plain = ParseMetricLine("7 0.5", false);
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->latest.step, 0);
  const auto model = ParseMetricLine("7 -inf 3 run retail d1", true);
  ASSERT_TRUE(model.ok());
  EXPECT_TRUE(std::isinf(model->latest.value));
  EXPECT_EQ(model->dataset_digest, "d1");
  for (const char* line : {"", "7", "7 x 3", "a 0.5 3", "7 0.5 3 4", "7 0.5 3.5"}) {
    EXPECT_FALSE(ParseMetricLine(line, false).ok()) << line;
  }
}

TEST(FileTreeTest, YamlIsBoundedInDepthAndSize) {
  const auto meta = ParseYaml("meta", "a: 1\nb: null\nc: ~\nd: [x, {y: z}]\n");
  ASSERT_TRUE(meta.ok()) << meta.status();
  EXPECT_EQ(TextOf(*meta, "a"), "1");
  EXPECT_EQ(TextOf(*meta, "b"), "");
  EXPECT_FALSE(ParseYaml("meta", "- a\n").ok());
  EXPECT_FALSE(ParseYaml("meta", "a: [").ok());
  EXPECT_FALSE(ParseYaml("meta", "a: " + std::string(100, '[') + std::string(100, ']')).ok());
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 8; ++i) {
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) bomb += "*a" + std::to_string(i - 1) + (k < 9 ? ", " : "]\n");
  }
  EXPECT_FALSE(ParseYaml("meta", bomb).ok());
}

}  // namespace
}  // namespace cairn::mlflow_import
