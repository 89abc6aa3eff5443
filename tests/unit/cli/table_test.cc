#include "client-cli/cli/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client-cli/cli/terminal.h"
#include "tests/testing/status_matchers.h"

namespace cairn::cli {
namespace {

using testing::IsOk;
using testing::StatusIs;

Table Models() {
  Table table;
  table.columns = {{"MODEL"}, {"LATEST", false, true}, {"NOTE"}, {"EXTRA", true}};
  table.rows = {
      {"models/a", "a", {std::string("a"), std::string("10"), std::string("x,y"), {}}},
      {"models/bb",
       "bb",
       {std::string("bb"), std::string("9"), std::string("say \"hi\"\tthere"), std::string("e")}}};
  return table;
}

std::string RenderAs(const std::string& format) {
  TableOptions options;
  options.format = format;
  return Render(Models(), options)->text;
}

TEST(TableTest, ATableIsAlignedWithNumbersToTheRight) {
  EXPECT_EQ(RenderAs("table"),
            "MODEL  LATEST  NOTE\n"
            "a          10  x,y\n"
            "bb          9  say \"hi\" there\n");
}

TEST(TableTest, WideShowsAllColumns) {
  EXPECT_EQ(RenderAs("wide"),
            "MODEL  LATEST  NOTE            EXTRA\n"
            "a          10  x,y             -\n"
            "bb          9  say \"hi\" there  e\n");
}

TEST(TableTest, TabSeparatedTextIsNeverCutAndHasNoTabsInside) {
  EXPECT_EQ(RenderAs("tsv"), "MODEL\tLATEST\tNOTE\na\t10\tx,y\nbb\t9\tsay \"hi\" there\n");
}

TEST(TableTest, CsvIsQuoted) {
  EXPECT_EQ(RenderAs("csv"),
            "MODEL,LATEST,NOTE,EXTRA\r\na,10,\"x,y\",\r\nbb,9,\"say \"\"hi\"\"\tthere\",e\r\n");
}

TEST(TableTest, MarkdownHasARuleAndEscapes) {
  Table table;
  table.columns = {{"A"}, {"B", false, true}};
  table.rows = {{"n", "i", {std::string("x|y"), std::string("1")}}};
  TableOptions options;
  options.format = "md";
  EXPECT_EQ(Render(table, options)->text, "| A | B |\n| --- | ---: |\n| x\\|y | 1 |\n");
}

TEST(TableTest, NameAndIdPrintOneALine) {
  EXPECT_EQ(RenderAs("name"), "models/a\nmodels/bb\n");
  EXPECT_EQ(RenderAs("id"), "a\nbb\n");
}

TEST(TableTest, RowsSortByNumberAndColumnsAreChosen) {
  TableOptions options;
  options.format = "tsv";
  options.sort_by = "latest";
  options.columns = {"latest", "Model"};
  options.headers = false;
  EXPECT_EQ(Render(Models(), options)->text, "9\tbb\n10\ta\n");
  options.sort_by = "-LATEST";
  EXPECT_EQ(Render(Models(), options)->text, "10\ta\n9\tbb\n");
}

TEST(TableTest, AnUnknownColumnNamesThoseThereAre) {
  TableOptions options;
  options.columns = {"unknown"};
  EXPECT_EQ(std::string(Render(Models(), options).status().message()),
            "there is no column \"unknown\"; there are MODEL, LATEST, NOTE, EXTRA");
  options.columns = {"modl"};
  EXPECT_EQ(
      std::string(Render(Models(), options).status().message()),
      "there is no column \"modl\" (did you mean MODEL?); there are MODEL, LATEST, NOTE, EXTRA");
}

TEST(TableTest, AColumnOfAFamilyThatNoRowHasIsEmptyAndNamed) {
  Table table = Models();
  table.families = {"metrics."};
  TableOptions options;
  options.format = "tsv";
  options.headers = false;
  options.columns = {"model", "metrics.silhouette"};
  options.sort_by = "-metrics.silhouette";
  const auto rendering = Render(table, options);
  ASSERT_THAT(rendering, IsOk());
  EXPECT_EQ(rendering->text, "a\t\nbb\t\n");
  EXPECT_THAT(rendering->valueless, ::testing::ElementsAre("metrics.silhouette"));
  options.columns = {"metrics."};
  EXPECT_THAT(Render(table, options), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(TableTest, IdsAndNumbersAreWholeAndLastColumnsAreHiddenFirst) {
  Table table;
  table.columns = {{.title = "RUN", .id = true}, {"NOTE"}, {"metrics.inertia", false, true}};
  table.rows = {{"n", "i", {Cell("0123456789ab"), Cell("a long note"), Cell("1234567.5")}}};
  TableOptions options;
  options.width = 33;
  auto rendering = Render(table, options);
  EXPECT_EQ(rendering->text,
            "RUN           NOTE       metrics.\n"
            "                          inertia\n"
            "0123456789ab  a long …  1234567.5\n");
  options.width = 30;
  rendering = Render(table, options);
  EXPECT_EQ(rendering->text,
            "RUN           NOTE\n"
            "0123456789ab  a long note\n");
  EXPECT_THAT(rendering->hidden, ::testing::ElementsAre("metrics.inertia"));
}

TEST(TableTest, ANarrowTerminalCutsTheWidestColumn) {
  TableOptions options;
  options.width = 24;
  const std::string text = Render(Models(), options)->text;
  for (const char c : text) ASSERT_NE(c, '\t');
  EXPECT_EQ(Render(Models(), options)->text,
            "MODEL  LATEST  NOTE\n"
            "a          10  x,y\n"
            "bb          9  say \"hi\"…\n");
}

TEST(TableTest, PeopleSeeTheShortForm) {
  Table table;
  table.columns = {{"RUN"}};
  table.rows = {{"n", "i", {Cell("0123456789", "0123")}}};
  TableOptions options;
  options.human = true;
  options.headers = false;
  EXPECT_EQ(Render(table, options)->text, "0123\n");
  options.format = "tsv";
  EXPECT_EQ(Render(table, options)->text, "0123456789\n");
}

TEST(TerminalTest, WidthCountsColumns) {
  EXPECT_EQ(DisplayWidth("abc"), 3u);
  EXPECT_EQ(DisplayWidth("über"), 4u);
  EXPECT_EQ(DisplayWidth("日本"), 4u);
  EXPECT_EQ(Truncate("日本語", 5), "日本…");
  EXPECT_EQ(Truncate("abc", 3), "abc");
}

TEST(TerminalTest, WordsAreWrappedAtSpaces) {
  using ::testing::ElementsAre;
  EXPECT_THAT(WrapWords("one two three", 7), ElementsAre("one two", "three"));
  EXPECT_THAT(WrapWords("a verylongword b", 6), ElementsAre("a", "verylongword", "b"));
  EXPECT_THAT(WrapWords("", 6), ElementsAre(""));
  EXPECT_THAT(WrapWords("日本 語", 5), ElementsAre("日本", "語"));
}

TEST(TerminalTest, ControlCharactersCannotReachTheTerminal) {
  EXPECT_EQ(Printable("a\x1b[2Jb\tc"), "a\xef\xbf\xbd[2Jb c");
}

TEST(TerminalTest, TimesAndSizesAreShort) {
  constexpr int64_t kSecond = 1'000'000'000;
  EXPECT_EQ(RelativeTime(0, 0), "now");
  EXPECT_EQ(RelativeTime(0, 59 * kSecond), "59s ago");
  EXPECT_EQ(RelativeTime(0, 3600 * kSecond), "1h ago");
  EXPECT_EQ(RelativeTime(0, 72 * 3600 * kSecond), "3d ago");
  EXPECT_EQ(RelativeTime(120 * kSecond, 0), "in 2m");
  EXPECT_EQ(HumanBytes(1023), "1023 B");
  EXPECT_EQ(HumanBytes(1536), "1.5 KiB");
  EXPECT_EQ(HumanBytes(int64_t{3} << 20), "3.0 MiB");
}

}  // namespace
}  // namespace cairn::cli
