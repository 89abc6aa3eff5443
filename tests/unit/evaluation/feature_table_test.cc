#include "lib/evaluation/feature_table.h"

#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/evaluation/line_model.h"

namespace cairn::evaluation {
namespace {

using testing::FailsWith;
using testing::IsOk;

model::Predictor Line() { return *model::Predictor::Create(LineModel({0, 10})); }

TEST(FeatureTable, FindsColumnsByNameAndIgnoresOthersWhateverTheyHold) {
  const auto table = FeatureTable::Parse("id,note,x,more\n7,text,1.5,2\n8,,-2e3,\n");
  ASSERT_THAT(table, IsOk());
  EXPECT_EQ(table->row_count(), 2);
  const auto rows = table->RowsFor(Line());
  ASSERT_THAT(rows, IsOk());
  ASSERT_EQ(rows->cols(), 1);
  EXPECT_EQ((*rows)(0, 0), 1.5);
  EXPECT_EQ((*rows)(1, 0), -2000);
}

TEST(FeatureTable, NamesTheColumnThatIsMissing) {
  const auto rows = FeatureTable::Parse("x,y\n1,2\n")->RowsFor(Line());
  EXPECT_THAT(rows, FailsWith(ErrorReason::COLUMN_MISSING)) << "the first column is the id";
  EXPECT_EQ(MetadataOf(rows.status(), "column"), "x");
}

TEST(FeatureTable, NamesTheFirstCellOfANeededColumnThatIsNoFiniteNumber) {
  for (const std::string cell : {"", "abc", "nan", "inf", "1 "}) {
    const auto rows = FeatureTable::Parse("id,x\n1,2\n2," + cell + "\n3,4\n")->RowsFor(Line());
    EXPECT_THAT(rows, FailsWith(ErrorReason::VALUE_INVALID)) << cell;
    EXPECT_EQ(MetadataOf(rows.status(), "field"), "rows.2.x");
    EXPECT_EQ(MetadataOf(rows.status(), "value"), cell);
  }
}

TEST(FeatureTable, RefusesWhatIsNoTable) {
  for (const char* csv : {"", "id,x\n", "id,x\n1,2,3\n", "id,x\n1,\"2\n"}) {
    EXPECT_THAT(FeatureTable::Parse(csv), FailsWith(ErrorReason::VALUE_INVALID)) << csv;
  }
}

}  // namespace
}  // namespace cairn::evaluation
