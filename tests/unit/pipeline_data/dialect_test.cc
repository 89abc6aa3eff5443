#include "pipeline/data/dialect.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "pipeline/data/input_error.h"
#include "tests/testing/status_matchers.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;
using ::testing::HasSubstr;

DialectEvidence Dates(std::initializer_list<std::string_view> texts) {
  DialectEvidence evidence;
  for (const std::string_view text : texts) {
    DateShape shape;
    static_cast<void>(ParseDateTime(text, ExcelEpoch::k1900, DateOrder::kMonthFirst, &shape));
    evidence.AddDate(shape, text);
  }
  return evidence;
}

DialectEvidence Prices(std::initializer_list<std::string_view> texts, bool whole = false) {
  DialectEvidence evidence;
  for (const std::string_view text : texts) evidence.AddNumber(text, whole);
  return evidence;
}

absl::StatusOr<Dialect> Decide(const DialectEvidence& evidence, DialectSettings settings = {}) {
  return DecideDialect(settings, evidence, AssumedDialect(settings));
}

void ExpectAmbiguous(const DialectEvidence& evidence, std::string_view setting,
                     std::string_view words) {
  const absl::Status status = Decide(evidence).status();
  EXPECT_EQ(InputErrorKind(status), kDialectAmbiguous) << status;
  EXPECT_EQ(MetadataOf(status, "subject"), setting);
  EXPECT_THAT(std::string(status.message()), HasSubstr(setting));
  EXPECT_THAT(std::string(status.message()), HasSubstr(words));
}

TEST(DecideDialect, OneDayAboveTwelveDecidesTheOrderOfAllDates) {
  EXPECT_EQ(Decide(Dates({"05/03/2011", "25/03/2011"}))->date_order, DateOrder::kDayFirst);
  EXPECT_EQ(Decide(Dates({"05-03-2011", "3-25-11 10:00"}))->date_order, DateOrder::kMonthFirst);
}

TEST(DecideDialect, RefusesDatesThatLeaveTheOrderOpenOrContradictEachOther) {
  ExpectAmbiguous(Dates({"05/05/2011", "05/03/2011"}), "input.date_order", "05/03/2011");
  ExpectAmbiguous(Dates({"25/03/2011", "3/26/2011"}), "input.date_order", "3/26/2011");
}

TEST(DecideDialect, TakesTheSettingWhateverTheRowsSay) {
  DialectSettings settings;
  settings.date_order = DateOrder::kDayFirst;
  settings.decimal = '.';
  DialectEvidence evidence = Dates({"05/03/2011"});
  evidence.Add(Prices({"2,5", "2.5"}));
  const auto dialect = Decide(evidence, settings);
  ASSERT_THAT(dialect, IsOk());
  EXPECT_EQ(dialect->date_order, DateOrder::kDayFirst);
  EXPECT_EQ(dialect->decimal, '.');
}

TEST(DecideDialect, NeedsNoOrderWhereBothReadingsAreOneDayOrTheYearComesFirst) {
  EXPECT_THAT(Decide(Dates({"05/05/2011", "2011-03-05", "5 Mar 2011"})), IsOk());
}

TEST(DecideDialect, TellsTheDecimalMarkFromAllNumbers) {
  EXPECT_EQ(Decide(Prices({"2,5", "1.200"}))->decimal, ',');
  EXPECT_EQ(Decide(Prices({"1.200,50"}))->decimal, ',');
  EXPECT_EQ(Decide(Prices({"1,200", "2.5"}))->decimal, '.');
  EXPECT_EQ(Decide(Prices({"1,200,300"}))->decimal, '.');
  EXPECT_EQ(Decide(Prices({"1,250"}, /*whole=*/true))->decimal, '.');
  EXPECT_EQ(Decide(Prices({"2.125", "7"}))->decimal, '.');
}

TEST(DecideDialect, RefusesMarksThatMayGroupOrDivideOrContradictEachOther) {
  ExpectAmbiguous(Prices({"1,200", "7"}), "input.decimal", "1,200");
  ExpectAmbiguous(Prices({"2,5", "2.5"}), "input.decimal", "2,5");
}

TEST(ParseMarkedNumber, ReadsGroupsOfThreeInEitherConvention) {
  const auto read = [](std::string_view text, char decimal) {
    double value = -1;
    return ParseMarkedNumber(text, decimal, &value) ? value : -1;
  };
  EXPECT_EQ(read("1,200", '.'), 1200);
  EXPECT_EQ(read(" 1,234,567.5", '.'), 1234567.5);
  EXPECT_EQ(read("1.200,25", ','), 1200.25);
  EXPECT_EQ(read("2,5", ','), 2.5);
  EXPECT_EQ(read("1 200,5", ','), 1200.5);
  EXPECT_EQ(read("1'200.5", '.'), 1200.5);
  EXPECT_EQ(read("1\xc2\xa0"
                 "200",
                 '.'),
            1200);
  for (const char* text :
       {"1,20", "1200,300", ",200", "1,200,", "1,,200", "", "-", "x", "1,200x"}) {
    EXPECT_EQ(read(text, '.'), -1) << text;
  }
}

TEST(IsNullWord, KnowsTheWordsOfOtherToolsOrTheGivenOnes) {
  for (const char* text : {"", "  ", "None", "<NA>", "#N/A", "NULL", "nan", "NaN", "n/a"}) {
    EXPECT_TRUE(IsNullWord(text, std::nullopt)) << text;
  }
  for (const char* text : {"0", "Nancy", "?", "none at all"}) {
    EXPECT_FALSE(IsNullWord(text, std::nullopt)) << text;
  }
  const std::vector<std::string> words = {"unknown"};
  EXPECT_TRUE(IsNullWord(" Unknown", words));
  EXPECT_FALSE(IsNullWord("nan", words));
}

TEST(Encodings, BecomeUtf8) {
  EXPECT_EQ(Windows1252ToUtf8("caf\xe9 \x96 \x80"), "caf\xc3\xa9 \xe2\x80\x93 \xe2\x82\xac");
  EXPECT_EQ(Utf16ToUtf8(std::string_view("\xff\xfe"
                                         "A\0\xac\x20\x3d\xd8\x00\xde",
                                         10)),
            "A\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(Utf16ToUtf8(std::string_view("\xfe\xff\0A\xd8\x3d", 6)), "A\xef\xbf\xbd");
}

}  // namespace
}  // namespace cairn::pipeline
