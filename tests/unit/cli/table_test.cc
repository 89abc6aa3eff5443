#include "client-cli/cli/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client-cli/cli/terminal.h"

namespace cairn::cli {
namespace {

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
  return *Render(Models(), options);
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
  EXPECT_EQ(*Render(table, options), "| A | B |\n| --- | ---: |\n| x\\|y | 1 |\n");
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
  EXPECT_EQ(*Render(Models(), options), "9\tbb\n10\ta\n");
  options.sort_by = "-LATEST";
  EXPECT_EQ(*Render(Models(), options), "10\ta\n9\tbb\n");
}

TEST(TableTest, AnUnknownColumnNamesThoseThereAre) {
  TableOptions options;
  options.columns = {"nope"};
  EXPECT_EQ(std::string(Render(Models(), options).status().message()),
            "there is no column \"nope\"; there are MODEL, LATEST, NOTE, EXTRA");
}

TEST(TableTest, ANarrowTerminalCutsTheWidestColumn) {
  TableOptions options;
  options.width = 24;
  const std::string text = *Render(Models(), options);
  for (const char c : text) ASSERT_NE(c, '\t');
  EXPECT_EQ(*Render(Models(), options),
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
  EXPECT_EQ(*Render(table, options), "0123\n");
  options.format = "tsv";
  EXPECT_EQ(*Render(table, options), "0123456789\n");
}

TEST(TerminalTest, WidthCountsColumns) {
  EXPECT_EQ(DisplayWidth("abc"), 3u);
  EXPECT_EQ(DisplayWidth("über"), 4u);
  EXPECT_EQ(DisplayWidth("日本"), 4u);
  EXPECT_EQ(Truncate("日本語", 5), "日本…");
  EXPECT_EQ(Truncate("abc", 3), "abc");
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
