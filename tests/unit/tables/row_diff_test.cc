#include "lib/tables/row_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn::tables {
namespace {

using testing::IsOk;
using testing::StatusIs;

ByteOpener Opener(const std::string& text) {
  return [&text]() -> absl::StatusOr<ByteSource> { return FromText(text, 1000); };
}

absl::StatusOr<v1::RowChanges> Diff(const std::string& from, const std::string& to,
                                    std::vector<std::string> key = {"id"},
                                    size_t max_keys = size_t{1} << 20) {
  RowDiffOptions options;
  options.key_columns = std::move(key);
  options.max_keys_in_memory = max_keys;
  return DiffRows(Opener(from), Opener(to), options);
}

TEST(RowDiffTest, RowsAreMatchedByKey) {
  const auto changes = Diff("id,v\n1,a\n2,b\n3,c\n", "id,v\n3,c\n2,B\n4,d\n");
  ASSERT_THAT(changes, IsOk());
  EXPECT_EQ(changes->from_row_count(), 3);
  EXPECT_EQ(changes->to_row_count(), 3);
  EXPECT_EQ(changes->added_count(), 1);
  EXPECT_EQ(changes->removed_count(), 1);
  EXPECT_EQ(changes->changed_count(), 1);
  EXPECT_EQ(changes->equal_count(), 1);
  EXPECT_EQ(changes->added(0).key(), "4");
  EXPECT_EQ(changes->added(0).to(), "4,d");
  EXPECT_EQ(changes->removed(0).from(), "1,a");
  EXPECT_EQ(changes->changed(0).from(), "2,b");
  EXPECT_EQ(changes->changed(0).to(), "2,B");
}

TEST(RowDiffTest, ColumnsAreMatchedByNameAndNewOnesTakeNoPart) {
  const auto changes = Diff("id,a,b\n1,x,y\n2,x,y\n", "b,new,id,a\ny,0,1,x\ny,1,2,z\n");
  ASSERT_THAT(changes, IsOk());
  EXPECT_EQ(changes->equal_count(), 1);
  EXPECT_EQ(changes->changed_count(), 1);
  EXPECT_EQ(changes->changed(0).to(), "y,1,2,z");
}

TEST(RowDiffTest, SeveralColumnsMakeAKey) {
  const auto changes = Diff("a,b,v\nx,yz,1\nxy,z,2\n", "a,b,v\nxy,z,2\nx,yz,1\n", {"a", "b"});
  ASSERT_THAT(changes, IsOk());
  EXPECT_EQ(changes->equal_count(), 2);
  EXPECT_EQ(Diff("a,b\n\"1,\",2\n", "a,b\n", {"a", "b"})->removed(0).key(), "\"1,\",2");
}

TEST(RowDiffTest, RowsOfARepeatedKeyAreComparedAsASet) {
  const auto changes = Diff("id,v\n1,a\n1,b\n2,c\n2,c\n", "id,v\n1,b\n1,a\n2,c\n");
  ASSERT_THAT(changes, IsOk());
  EXPECT_EQ(changes->equal_count(), 1);
  EXPECT_EQ(changes->changed_count(), 1);
  EXPECT_EQ(changes->repeated_key_count(), 2);
}

TEST(RowDiffTest, AKeyThatIsMissingAndBadCsvAreErrors) {
  const auto missing = Diff("id,v\n", "key,v\n");
  EXPECT_EQ(ReasonOf(missing.status()), "VALUE_INVALID");
  EXPECT_NE(missing.status().message().find("\"id\""), std::string::npos) << missing.status();
  EXPECT_EQ(MetadataOf(Diff("id\n1\n", "id\n1,2\n").status(), "line"), "2");
  EXPECT_THAT(Diff("id\n", "", {"id"}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Diff("id\n", "id\n", {}), StatusIs(absl::StatusCode::kInvalidArgument));
}

// Against maps, in one part and in many: the parts must not change the counts.
TEST(RowDiffTest, AgreesWithMapsHoweverManyPartsItTakes) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random(seed);
    std::map<int, int> tables[2];
    std::string texts[2] = {"id,v\n", "id,v\n"};
    for (int side = 0; side < 2; ++side) {
      for (int i = 0; i < 1500; ++i) {
        const int key = static_cast<int>(random() % 2000);
        const int value = static_cast<int>(random() % 2);
        if (tables[side].emplace(key, value).second)
          texts[side] += fmt::format("{},{}\n", key, value);
      }
    }
    int64_t removed = 0;
    int64_t changed = 0;
    for (const auto& [key, value] : tables[0]) {
      const auto other = tables[1].find(key);
      removed += other == tables[1].end() ? 1 : 0;
      changed += other != tables[1].end() && other->second != value ? 1 : 0;
    }
    for (const size_t max_keys : {size_t{100}, size_t{1} << 20}) {
      const auto changes = Diff(texts[0], texts[1], {"id"}, max_keys);
      ASSERT_THAT(changes, IsOk());
      EXPECT_EQ(changes->removed_count(), removed);
      EXPECT_EQ(changes->changed_count(), changed);
      EXPECT_EQ(changes->from_row_count(), static_cast<int64_t>(tables[0].size()));
      EXPECT_EQ(changes->to_row_count(), static_cast<int64_t>(tables[1].size()));
      EXPECT_EQ(changes->added_count() + changes->changed_count() + changes->equal_count(),
                changes->to_row_count());
      EXPECT_EQ(changes->added_size(), std::min<int64_t>(20, changes->added_count()));
      EXPECT_EQ(changes->removed_size(), std::min<int64_t>(20, removed));
      EXPECT_EQ(changes->changed_size(), std::min<int64_t>(20, changed));
      for (const auto& example : changes->changed()) {
        EXPECT_NE(example.from(), example.to());
        EXPECT_EQ(example.to().rfind(example.key() + ",", 0), 0u) << example.to();
      }
    }
  }
}

}  // namespace
}  // namespace cairn::tables
