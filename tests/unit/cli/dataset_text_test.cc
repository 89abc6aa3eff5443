#include "client-cli/commands/dataset_text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cairn::cli {
namespace {

v1::Column NumberColumn(const std::string& name, const std::string& type,
                        const std::vector<int64_t>& histogram) {
  v1::Column column;
  column.set_name(name);
  column.set_type(type);
  auto& statistics = *column.mutable_statistics();
  statistics.set_count(10);
  statistics.set_null_count(1);
  statistics.set_distinct_count(9);
  statistics.mutable_numbers()->set_min(0.5);
  statistics.mutable_numbers()->set_mean(1.0 / 3);
  statistics.mutable_numbers()->set_max(86'400);
  for (const int64_t bin : histogram) statistics.mutable_numbers()->add_histogram(bin);
  return column;
}

std::vector<std::string> Texts(const Row& row) {
  std::vector<std::string> texts;
  for (const Cell& cell : row.cells) texts.push_back(cell.human.empty() ? cell.exact : cell.human);
  return texts;
}

TEST(DatasetTextTest, HistogramsBeginAtZero) {
  v1::NumberStatistics numbers;
  EXPECT_EQ(HistogramShape(numbers, true), "");
  for (const int64_t bin : {98, 100, 0, 50}) numbers.add_histogram(bin);
  EXPECT_EQ(HistogramShape(numbers, true), "██▁▅");
  EXPECT_EQ(HistogramShape(numbers, false), "##_=");
  numbers.clear_histogram();
  numbers.add_histogram(7);
  EXPECT_EQ(HistogramShape(numbers, true), "█");
}

TEST(DatasetTextTest, ColumnsShowNumbersInstantsAndTexts) {
  v1::DatasetVersion version;
  *version.add_columns() = NumberColumn("price", "double", {0, 8});
  *version.add_columns() = NumberColumn("when", "timestamp", {});
  v1::Column& country = *version.add_columns();
  country.set_name("country");
  country.set_type("string");
  country.mutable_statistics()->set_min_text("France");
  country.mutable_statistics()->set_max_text("Norway");
  country.mutable_statistics()->add_frequent()->set_text("Norway");
  country.mutable_statistics()->mutable_frequent(0)->set_count(7);
  v1::Column& plain = *version.add_columns();
  plain.set_name("plain");
  plain.set_type("bool");
  const Table table = ColumnTable(version, 10, /*unicode=*/true);
  using List = std::vector<std::string>;
  ASSERT_EQ(table.rows.size(), 4u);
  EXPECT_EQ(Texts(table.rows[0]),
            (List{"price", "double", "1", "9", "0.5", "0.333333", "86400", "▁█"}));
  EXPECT_EQ(table.rows[0].cells[5].exact, "0.3333333333333333");
  EXPECT_EQ(Texts(table.rows[1])[6], "1970-01-02T00:00:00Z");
  EXPECT_EQ(Texts(table.rows[2]),
            (List{"country", "string", "0", "0", "France", "", "Norway", "Norway (7)"}));
  EXPECT_EQ(Texts(table.rows[3]), (List{"plain", "bool", "", "", "", "", "", ""}));
  EXPECT_EQ(ColumnTable(version, 2, true).rows.size(), 2u);
}

TEST(DatasetTextTest, ADiffNamesWhatChanged) {
  v1::DatasetDiff diff;
  diff.set_from("datasets/d/versions/1");
  diff.set_to("datasets/d/versions/2");
  diff.set_size_bytes_delta(-5);
  diff.set_row_count_delta(3);
  auto& file = *diff.add_files();
  file.set_path("a.csv");
  file.set_change(v1::DatasetDiff::CHANGED);
  file.mutable_from()->set_sha256("0123456789abcdef");
  file.mutable_from()->set_size_bytes(10);
  file.mutable_to()->set_sha256("fedcba9876543210");
  file.mutable_to()->set_size_bytes(5);
  auto& added = *diff.add_columns();
  added.set_name("new");
  added.set_change(v1::DatasetDiff::ADDED);
  added.mutable_to()->set_type("int64");
  auto& moved = *diff.add_columns();
  moved.set_name("price");
  moved.set_change(v1::DatasetDiff::CHANGED);
  *moved.mutable_from() = NumberColumn("price", "int64", {});
  *moved.mutable_to() = NumberColumn("price", "double", {});
  moved.mutable_to()->mutable_statistics()->set_null_count(4);
  moved.mutable_to()->mutable_statistics()->mutable_numbers()->set_mean(2);
  moved.set_stability_index(0.3);
  diff.set_columns_reordered(true);
  EXPECT_EQ(DiffText(diff),
            "dataset:d@1 -> dataset:d@2\n"
            "size  -5 bytes\n"
            "rows  +3\n"
            "files\n"
            "  ~ a.csv  0123456789ab -> fedcba987654, -5 bytes\n"
            "columns\n"
            "  + new  int64\n"
            "  ~ price  int64 -> double  stability 0.300 (large)  nulls 1 -> 4, "
            "mean 0.333333 -> 2\n"
            "columns stand in another order\n");
}

TEST(DatasetTextTest, RowsAreShownByKey) {
  v1::DatasetDiff diff;
  auto& rows = *diff.mutable_rows();
  rows.add_key_columns("id");
  rows.add_key_columns("day");
  rows.set_added_count(1);
  rows.set_removed_count(3);
  rows.set_changed_count(1);
  rows.set_equal_count(7);
  rows.set_repeated_key_count(2);
  rows.add_added()->set_to("4,d");
  rows.add_removed()->set_from("1,a\x1b[0m");
  rows.add_changed()->set_from("2,b");
  rows.mutable_changed(0)->set_to("2,B");
  EXPECT_EQ(DiffText(diff),
            " -> \n"
            "size  +0 bytes\n"
            "files are the same\n"
            "columns are the same\n"
            "rows by id,day: 1 added, 3 removed, 1 changed, 7 equal\n"
            "  2 keys stand in several rows, which are compared as a set\n"
            "  + 4,d\n"
            "  - 1,a\xef\xbf\xbd[0m\n"
            "  ~ 2,b\n"
            "  > 2,B\n"
            "  … 2 more\n");
}

}  // namespace
}  // namespace cairn::cli
