#include "pipeline/insight/labels_csv.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/data/table_csv.h"
#include "tests/testing/status_matchers.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::FailsWith;
using cairn::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ReadLabelsCsv, ReadsWhatTheStagesWrite) {
  const std::vector<int32_t> ids = {12347, 12350};
  const std::vector<int32_t> segments = {2, 0};
  const auto labels = ReadLabelsCsv(LabelsCsv("CustomerID", ids, "Segment", segments));
  ASSERT_THAT(labels, IsOk());
  EXPECT_THAT(labels->customers, ElementsAre("12347", "12350"));
  EXPECT_THAT(labels->segments, ElementsAre(2, 0));
  EXPECT_EQ(labels->k, 3);
}

TEST(ReadLabelsCsv, TakesQuotesLineEndsBlankLinesAndAByteOrderMark) {
  const auto labels = ReadLabelsCsv(
      "\xEF\xBB\xBF"
      "customerid,\"Segment\"\r\n\r\n\"a,\"\"b\"\"\nc\",1\r\n\nd,\"2\"");
  ASSERT_THAT(labels, IsOk());
  EXPECT_THAT(labels->customers, ElementsAre("a,\"b\"\nc", "d"));
  EXPECT_THAT(labels->segments, ElementsAre(1, 2));
}

TEST(ReadLabelsCsv, AHeaderAloneIsNobody) {
  const auto labels = ReadLabelsCsv("CustomerID,Segment\n");
  ASSERT_THAT(labels, IsOk());
  EXPECT_TRUE(labels->customers.empty());
  EXPECT_EQ(labels->k, 0);
}

struct BadText {
  const char* text;
  const char* says;
};

TEST(ReadLabelsCsv, SaysTheLineAndWhatIsWrong) {
  const BadText cases[] = {
      {"", "line 1: the header must be"},
      {"CustomerID\n1\n", "line 1: has one field"},
      {"Customer,Segment\n", "line 1: the header must be"},
      {"CustomerID,Segment\n1\n", "line 2: has one field"},
      {"CustomerID,Segment\n1,2,3\n", "line 2: has more than two fields"},
      {"CustomerID,Segment\n1,2\n,3\n", "line 3: the customer is empty"},
      {"CustomerID,Segment\n1,two\n", "line 2: segment \"two\" must be a whole number"},
      {"CustomerID,Segment\n1,-1\n", "line 2: segment \"-1\""},
      {"CustomerID,Segment\n1,1.0\n", "line 2: segment \"1.0\""},
      {"CustomerID,Segment\n1,1024\n", "line 2: segment \"1024\""},
      {"CustomerID,Segment\n1,99999999999\n", "line 2: segment"},
      {"CustomerID,Segment\n1,\n", "line 2: segment \"\""},
      {"CustomerID,Segment\n\"a\nb\",0\n\"c,0\n", "line 4: a quote does not close"},
      {"CustomerID,Segment\n\"a\"b,0\n", "line 2: text follows a closing quote"},
      {"CustomerID,Segment\n1,0\n1,0\n", "line 3: customer \"1\" is there twice"},
  };
  for (const BadText& bad : cases) {
    const auto labels = ReadLabelsCsv(bad.text);
    EXPECT_THAT(labels, FailsWith(ErrorReason::DATA_MALFORMED)) << bad.text;
    EXPECT_THAT(std::string(labels.status().message()), HasSubstr(bad.says)) << bad.text;
  }
}

TEST(ReadLabelsCsv, ALongCustomerIsRefused) {
  const std::string longest(kMaxCustomerBytes, 'x');
  EXPECT_THAT(ReadLabelsCsv("CustomerID,Segment\n" + longest + ",0\n"), IsOk());
  EXPECT_THAT(ReadLabelsCsv("CustomerID,Segment\n" + longest + "x,0\n"),
              FailsWith(ErrorReason::DATA_MALFORMED));
}

TEST(ReadLabelsCsv, AnyBytesAreATableThatReadsAgainOrAnError) {
  constexpr std::string_view kAlphabet = "ab01,\"\r\n\n\n,,";
  std::mt19937 random(17);
  int read = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = "CustomerID,Segment\n";
    for (uint32_t left = random() % 12; left > 0; --left) {
      text += kAlphabet[random() % kAlphabet.size()];
    }
    const auto labels = ReadLabelsCsv(text);
    if (!labels.ok()) continue;
    ++read;
    std::string again = "CustomerID,Segment\n";
    for (size_t i = 0; i < labels->customers.size(); ++i) {
      AppendCsvField(labels->customers[i], &again);
      again += "," + std::to_string(labels->segments[i]) + "\n";
    }
    const auto same = ReadLabelsCsv(again);
    ASSERT_THAT(same, IsOk()) << text;
    EXPECT_EQ(same->customers, labels->customers);
    EXPECT_EQ(same->segments, labels->segments);
  }
  EXPECT_GT(read, 1000);
}

}  // namespace
}  // namespace cairn::pipeline
