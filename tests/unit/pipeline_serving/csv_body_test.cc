#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/errors.h"
#include "pipeline/serving/request_body.h"
#include "tests/unit/pipeline_serving/serving_models.h"

namespace cairn::pipeline::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CsvBodyTest : public ::testing::Test {
 protected:
  absl::Status Read(std::string_view body, size_t most = 100) {
    return ReadCsvBody(body, *model_, most, &rows_);
  }

  const ModelPtr model_ = ServedSmallModel();
  FeatureRows rows_;
};

TEST_F(CsvBodyTest, ColumnsAreMatchedByNameAndOthersAreLeftOut) {
  ASSERT_TRUE(Read("\xEF\xBB\xBFid,hour,spend,\"items\",gap\r\n"
                   "\"a,\"\"b\",4,1,\"2\",3\r\n\r\nx,8,5,6,7")
                  .ok());
  EXPECT_EQ(rows_.count, 2U);
  EXPECT_EQ(rows_.ignored_columns, 1U);
  EXPECT_THAT(rows_.values, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
}

TEST_F(CsvBodyTest, ABadValueIsNamedWithItsInstanceAndColumn) {
  for (const char* value : {"", "x", "inf", "nan", " 2", "1e999", "0x1"}) {
    const absl::Status error =
        Read(std::string("spend,items,gap,hour\n1,2,3,4\n1,") + value + ",3,4\n");
    EXPECT_EQ(ReasonOf(error), "VALUE_INVALID") << value;
    EXPECT_EQ(MetadataOf(error, "instance"), "1") << value;
    EXPECT_EQ(MetadataOf(error, "column"), "items") << value;
    EXPECT_EQ(MetadataOf(error, "value"), value);
  }
}

TEST_F(CsvBodyTest, WhatIsNoTableOfTheModelIsRefused) {
  EXPECT_EQ(ReasonOf(Read("spend,items,gap\n1,2,3\n")), "COLUMN_MISSING");
  EXPECT_EQ(ReasonOf(Read("spend,items,gap,hour,gap\n1,2,3,4,3\n")), "VALUE_INVALID");
  EXPECT_THAT(std::string(Read("spend,items,gap,hour\n1,2,3\n").message()), HasSubstr("must be 4"));
  EXPECT_THAT(std::string(Read("spend,items,gap,hour\n1,2,3,4,5\n").message()),
              HasSubstr("must be 4"));
  EXPECT_EQ(ReasonOf(Read("spend,items,gap,hour\n1,2,3,\"4\n")), "DATA_MALFORMED");
  EXPECT_EQ(ReasonOf(Read("spend,items,gap,hour\n1,2,3,\"4\"5\n")), "DATA_MALFORMED");
  EXPECT_EQ(ReasonOf(Read("spend,items,gap,hour\n")), "VALUE_INVALID");
  EXPECT_EQ(ReasonOf(Read("")), "COLUMN_MISSING");
}

TEST_F(CsvBodyTest, TheNumberOfInstancesIsBounded) {
  EXPECT_TRUE(Read("spend,items,gap,hour\n1,2,3,4\n", 1).ok());
  EXPECT_EQ(ReasonOf(Read("spend,items,gap,hour\n1,2,3,4\n1,2,3,4\n", 1)), "TOO_LARGE");
}

}  // namespace
}  // namespace cairn::pipeline::serving
