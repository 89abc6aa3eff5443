#include "server/datasets/version_diff.h"

#include <gtest/gtest.h>

#include <string>

namespace cairn::datasets {
namespace {

using v1::DatasetDiff;

void AddFile(v1::DatasetVersion& version, const std::string& path, const std::string& sha256) {
  auto& file = *version.add_files();
  file.set_path(path);
  file.mutable_digest()->set_sha256(sha256);
}

v1::Column& AddColumn(v1::DatasetVersion& version, const std::string& name,
                      const std::string& type = "int64") {
  auto& column = *version.add_columns();
  column.set_name(name);
  column.set_type(type);
  return column;
}

TEST(VersionDiffTest, FilesAreComparedByPath) {
  v1::DatasetVersion from;
  v1::DatasetVersion to;
  for (const char* path : {"a", "b", "c"}) AddFile(from, path, "1");
  AddFile(to, "a", "1");
  AddFile(to, "b", "2");
  AddFile(to, "d", "1");
  const DatasetDiff diff = DiffVersions(from, to);
  ASSERT_EQ(diff.files_size(), 3);
  EXPECT_EQ(diff.files(0).path(), "b");
  EXPECT_EQ(diff.files(0).change(), DatasetDiff::CHANGED);
  EXPECT_EQ(diff.files(0).from().sha256(), "1");
  EXPECT_EQ(diff.files(0).to().sha256(), "2");
  EXPECT_EQ(diff.files(1).path(), "c");
  EXPECT_EQ(diff.files(1).change(), DatasetDiff::REMOVED);
  EXPECT_FALSE(diff.files(1).has_to());
  EXPECT_EQ(diff.files(2).change(), DatasetDiff::ADDED);
  EXPECT_FALSE(diff.files(2).has_from());
}

TEST(VersionDiffTest, ColumnsStandInTheOrderOfTheSecondRemovedOnesLast) {
  v1::DatasetVersion from;
  v1::DatasetVersion to;
  AddColumn(from, "gone");
  AddColumn(from, "same");
  AddColumn(from, "typed");
  AddColumn(to, "new");
  AddColumn(to, "same");
  AddColumn(to, "typed", "double");
  const DatasetDiff diff = DiffVersions(from, to);
  ASSERT_EQ(diff.columns_size(), 3);
  EXPECT_EQ(diff.columns(0).name(), "new");
  EXPECT_EQ(diff.columns(0).change(), DatasetDiff::ADDED);
  EXPECT_EQ(diff.columns(1).name(), "typed");
  EXPECT_EQ(diff.columns(1).from().type(), "int64");
  EXPECT_EQ(diff.columns(1).to().type(), "double");
  EXPECT_FALSE(diff.columns(1).has_stability_index());
  EXPECT_EQ(diff.columns(2).name(), "gone");
  EXPECT_EQ(diff.columns(2).change(), DatasetDiff::REMOVED);
  EXPECT_FALSE(diff.columns_reordered());
}

TEST(VersionDiffTest, AnotherOrderOfCommonColumnsIsTold) {
  v1::DatasetVersion from;
  v1::DatasetVersion to;
  for (const char* name : {"a", "b", "c"}) AddColumn(from, name);
  for (const char* name : {"c", "x", "a"}) AddColumn(to, name);
  EXPECT_TRUE(DiffVersions(from, to).columns_reordered());
  EXPECT_FALSE(DiffVersions(from, from).columns_reordered());
}

TEST(VersionDiffTest, StatisticsThatMovedHaveAnIndex) {
  v1::DatasetVersion from;
  v1::DatasetVersion to;
  for (auto* version : {&from, &to}) {
    auto& numbers = *AddColumn(*version, "n").mutable_statistics()->mutable_numbers();
    numbers.set_max(2);
    numbers.add_histogram(50);
    numbers.add_histogram(version == &from ? 50 : 5);
  }
  const DatasetDiff diff = DiffVersions(from, to);
  ASSERT_EQ(diff.columns_size(), 1);
  EXPECT_GT(diff.columns(0).stability_index(), 0.25);
  EXPECT_EQ(DiffVersions(from, from).columns_size(), 0);
}

TEST(VersionDiffTest, RowsCountOnlyWhereBothAreKnown) {
  v1::DatasetVersion from;
  v1::DatasetVersion to;
  from.set_row_count(10);
  to.set_row_count(7);
  from.set_size_bytes(100);
  EXPECT_EQ(DiffVersions(from, to).row_count_delta(), -3);
  EXPECT_EQ(DiffVersions(from, to).size_bytes_delta(), -100);
  to.set_row_count(-1);
  EXPECT_FALSE(DiffVersions(from, to).has_row_count_delta());
}

TEST(VersionDiffTest, AVeryLargeDiffIsCutAndSaysSo) {
  const v1::DatasetVersion from;
  v1::DatasetVersion to;
  for (int i = 0; i < 10'000; ++i) {
    AddFile(to, std::string(1000, 'p') + std::to_string(i), std::string(64, '0'));
  }
  const DatasetDiff diff = DiffVersions(from, to);
  EXPECT_TRUE(diff.truncated());
  EXPECT_GT(diff.files_size(), 2000);
  EXPECT_LT(diff.ByteSizeLong(), size_t{4} << 20);
}

}  // namespace
}  // namespace cairn::datasets
