#include "lib/command_line/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client-cli/commands/catalog.h"
#include "lib/command_line/flag_values.h"
#include "tests/testing/status_matchers.h"

namespace cairn::command_line {
namespace {

using cli::Catalog;
using testing::IsOk;
using testing::StatusIs;

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

absl::StatusOr<Invocation> ParseWords(const std::vector<std::string>& words) {
  return Parse(Catalog(), words);
}

std::string ErrorOf(const std::vector<std::string>& words) {
  const auto result = ParseWords(words);
  return result.ok() ? "" : std::string(result.status().message());
}

TEST(ParserTest, ACommandOfTwoWordsIsFound) {
  const auto call = ParseWords({"run", "start", "nightly"});
  ASSERT_THAT(call, IsOk());
  EXPECT_EQ(call->command->path, "run start");
  EXPECT_THAT(call->arguments, ElementsAre("nightly"));
}

TEST(ParserTest, FlagsMayStandAnywhereInEveryForm) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--output", "json", "get", "runs"},
        {"get", "--output=json", "runs"},
        {"get", "runs", "-o", "json"},
        {"get", "runs", "-ojson"},
        {"get", "runs", "-o=json"}}) {
    const auto call = ParseWords(words);
    ASSERT_THAT(call, IsOk());
    EXPECT_EQ(call->command->path, "get");
    EXPECT_THAT(call->arguments, ElementsAre("runs"));
    EXPECT_THAT(call->flags.at("output"), ElementsAre("json"));
  }
}

TEST(ParserTest, AListFlagKeepsEveryValue) {
  const auto call = ParseWords({"run", "start", "--param", "k=4", "-p", "seed=7"});
  ASSERT_THAT(call, IsOk());
  EXPECT_THAT(call->flags.at("param"), ElementsAre("k=4", "seed=7"));
}

TEST(ParserTest, ASecondValueOfAFlagThatTakesOneIsRefusedAndBothAreNamed) {
  EXPECT_EQ(ErrorOf({"run", "start", "--experiment", "A", "-e", "B"}),
            "--experiment takes one value and is given two: \"A\" and \"B\"");
  EXPECT_THAT(ErrorOf({"list", "runs", "--limit", "1", "--limit=2"}), HasSubstr("\"1\" and \"2\""));
  EXPECT_THAT(ErrorOf({"list", "runs", "-q", "--quiet=false"}), HasSubstr("--quiet"));
  EXPECT_THAT(ErrorOf({"list", "runs", "--filter", "", "--filter", "x"}), HasSubstr("--filter"));
  const auto same = ParseWords({"list", "runs", "-q", "-q", "--limit", "1", "--limit", "1"});
  ASSERT_THAT(same, IsOk());
  EXPECT_THAT(same->flags.at("limit"), ElementsAre("1"));
}

TEST(ParserTest, WordsAfterTwoDashesAreArguments) {
  const auto call = ParseWords({"log", "tag", "abc", "--", "-odd=1"});
  ASSERT_THAT(call, IsOk());
  EXPECT_THAT(call->arguments, ElementsAre("abc", "-odd=1"));
}

TEST(ParserTest, ADashAloneIsAnArgument) {
  const auto call = ParseWords({"log", "metric", "abc", "-"});
  ASSERT_THAT(call, IsOk());
  EXPECT_THAT(call->arguments, ElementsAre("abc", "-"));
}

TEST(ParserTest, FetchTakesTheDirectoryWithO) {
  const auto call = ParseWords({"fetch", "m#production", "-o", "out"});
  ASSERT_THAT(call, IsOk());
  EXPECT_THAT(call->flags.at("output-dir"), ElementsAre("out"));
  EXPECT_FALSE(call->Has("output"));
}

TEST(ParserTest, AFlagIsNeverTakenForTheValueOfTheOneBefore) {
  EXPECT_THAT(ErrorOf({"delete", "runs", "--yes", "--filter", "--dry-run"}),
              HasSubstr("--filter needs a value"));
  EXPECT_THAT(ErrorOf({"delete", "runs", "-e", "--yes"}), HasSubstr("-e needs a value"));
  const auto call = ParseWords({"list", "runs", "--filter=--odd", "--limit", "1"});
  ASSERT_THAT(call, IsOk());
  EXPECT_THAT(call->flags.at("filter"), ElementsAre("--odd"));
  const auto negative = ParseWords({"get", "curve", "r", "loss", "--from", "-1"});
  ASSERT_THAT(negative, IsOk());
  EXPECT_THAT(negative->flags.at("from"), ElementsAre("-1"));
}

TEST(ParserTest, WholeNumbersBelowTheLeastAreRefused) {
  for (const char* limit : {"0", "-1"}) {
    EXPECT_THAT(ErrorOf({"list", "runs", "--limit", limit}),
                HasSubstr(std::string("--limit ") + limit + " must be at least 1"));
    EXPECT_THAT(ErrorOf({"get", "curve", "r", "loss", "--buckets", limit}),
                HasSubstr("must be at least 1"));
  }
}

TEST(ParserTest, ABlankFilterIsRefusedAsItWouldMeanEverything) {
  for (const char* blank : {"", " ", "\t \n"}) {
    EXPECT_THAT(ErrorOf({"delete", "runs", "--filter", blank}), HasSubstr("--filter is blank"));
    EXPECT_THAT(ErrorOf({"list", "runs", "--request-id", blank}),
                AllOf(HasSubstr("must be a UUID4"), Not(HasSubstr("everything"))));
  }
}

TEST(ParserTest, TextThatIsNotUtf8IsAUsageErrorNamingWhich) {
  EXPECT_THAT(ErrorOf({"log", "tag", "abc", "a=\xe9"}), HasSubstr("argument 2 of log tag"));
  EXPECT_THAT(ErrorOf({"run", "start", "--tag", "a=\xe9"}), HasSubstr("--tag"));
  // Names of files are bytes.
  EXPECT_EQ(ErrorOf({"put", "dataset", "d", "\xe9.csv"}), "");
  EXPECT_EQ(ErrorOf({"log", "metrics", "r", "--file", "\xe9.csv"}), "");
}

TEST(ParserTest, AKeyThatIsGivenTwiceIsRefused) {
  EXPECT_THAT(ParsePairs({"k=1", "l=1"}), IsOk());
  EXPECT_THAT(std::string(ParsePairs({"k=1", "k=2"}).status().message()),
              HasSubstr("k is given twice"));
}

TEST(ParserTest, AMistypedCommandIsGuessed) {
  EXPECT_EQ(ErrorOf({"promot", "m"}), "there is no command \"promot\"; did you mean \"promote\"?");
  EXPECT_EQ(ErrorOf({"run", "strat"}),
            "there is no command \"run strat\"; did you mean \"start\"?");
}

TEST(ParserTest, AGroupWithoutAWordNamesItsCommands) {
  EXPECT_EQ(ErrorOf({"run"}), "\"run\" needs one of: start, finish, resume, heartbeat");
}

TEST(ParserTest, AMistypedFlagIsGuessed) {
  EXPECT_EQ(ErrorOf({"get", "runs", "--ouput", "json"}),
            "get has no flag --ouput; did you mean \"--output\"?");
}

TEST(ParserTest, AValueThatIsNoChoiceIsRefused) {
  EXPECT_THAT(ErrorOf({"get", "runs", "-o", "jsno"}), HasSubstr("did you mean \"json\"?"));
}

TEST(ParserTest, MissingAndSurplusWordsAreNamed) {
  EXPECT_EQ(ErrorOf({"get"}), "get needs NOUN");
  EXPECT_EQ(ErrorOf({"alias", "set", "m@1"}), "alias set needs ALIAS");
  EXPECT_EQ(ErrorOf({"ping", "now"}), "ping does not take \"now\"");
  EXPECT_EQ(ErrorOf({"get", "runs", "--limit"}), "--limit needs a value: --limit N");
  EXPECT_EQ(ErrorOf({"get", "runs", "--limit", "many"}), "--limit \"many\" is not a whole number");
}

TEST(ParserTest, HelpIsTakenBeforeAnythingIsChecked) {
  const auto call = ParseWords({"alias", "set", "--help"});
  ASSERT_THAT(call, IsOk());
  EXPECT_TRUE(call->help);
  EXPECT_EQ(call->command->path, "alias set");
}

TEST(ParserTest, PairsAreSplitAtTheFirstEqualsSign) {
  EXPECT_EQ(*ParsePair("a=b=c"), std::pair(std::string("a"), std::string("b=c")));
  EXPECT_EQ(*ParsePair("a="), std::pair(std::string("a"), std::string()));
  EXPECT_THAT(ParsePair("a"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParsePair("=b"), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ParserTest, DurationsHaveUnits) {
  EXPECT_EQ(*ParseDurationMillis("30s"), 30'000);
  EXPECT_EQ(*ParseDurationMillis("500ms"), 500);
  EXPECT_EQ(*ParseDurationMillis("1.5m"), 90'000);
  EXPECT_EQ(*ParseDurationMillis("2h"), 7'200'000);
  EXPECT_EQ(*ParseDurationMillis("90d"), int64_t{90} * 86'400'000);
  EXPECT_EQ(*ParseDurationMillis("2"), 2000);
  for (const char* text : {"", "s", "-1s", "0", "1w", "nan", "1 s", "99999999999d"}) {
    EXPECT_THAT(ParseDurationMillis(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

}  // namespace
}  // namespace cairn::command_line
