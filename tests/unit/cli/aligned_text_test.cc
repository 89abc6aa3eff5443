#include "client-cli/cli/aligned_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "client-cli/cli/terminal.h"

namespace cairn::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<TextColumn> Runs() {
  return {{.title = "RUN", .cells = {"0a1b2c3d4e5f", "f0"}, .whole = true},
          {.title = "NAME", .cells = {"a rather long name", "b"}},
          {.title = "metrics.silhouette", .cells = {"0.25", "0.5"}, .right = true, .whole = true},
          {.title = "metrics.inertia", .cells = {"12345.5", "1"}, .right = true, .whole = true}};
}

TEST(AlignTest, WithoutALimitNothingIsFoldedOrCut) {
  const AlignedText aligned = Align(Runs(), {});
  EXPECT_EQ(aligned.text,
            "RUN           NAME                metrics.silhouette  metrics.inertia\n"
            "0a1b2c3d4e5f  a rather long name                0.25          12345.5\n"
            "f0            b                                  0.5                1\n");
  EXPECT_THAT(aligned.hidden, IsEmpty());
}

TEST(AlignTest, TitlesFoldBeforeTextIsCut) {
  const AlignedText aligned = Align(Runs(), {.width = 56});
  EXPECT_EQ(aligned.text,
            "RUN           NAME                  metrics.  metrics.\n"
            "                                  silhouette   inertia\n"
            "0a1b2c3d4e5f  a rather long name        0.25   12345.5\n"
            "f0            b                          0.5         1\n");
}

TEST(AlignTest, TextIsCutBeforeColumnsAreHidden) {
  const AlignedText cut = Align(Runs(), {.headers = false, .width = 46});
  EXPECT_EQ(cut.text,
            "0a1b2c3d4e5f  a rather long na…  0.25  12345.5\n"
            "f0            b                   0.5        1\n");
  const AlignedText hidden = Align(Runs(), {.width = 36});
  EXPECT_THAT(hidden.hidden, ElementsAre(3u));
  EXPECT_EQ(hidden.text,
            "RUN           NAME          metrics.\n"
            "                          silhouette\n"
            "0a1b2c3d4e5f  a rather …        0.25\n"
            "f0            b                  0.5\n");
}

TEST(AlignTest, ColumnsThatMayNotBeHiddenBecomeLines) {
  const AlignedText blocks = Align(Runs(), {.width = 30, .may_hide = false});
  EXPECT_EQ(blocks.text,
            "RUN                 0a1b2c3d4e5f\n"
            "NAME                a rather long name\n"
            "metrics.silhouette  0.25\n"
            "metrics.inertia     12345.5\n"
            "\n"
            "RUN                 f0\n"
            "NAME                b\n"
            "metrics.silhouette  0.5\n"
            "metrics.inertia     1\n");
  EXPECT_THAT(blocks.hidden, IsEmpty());
}

TEST(AlignTest, ProseGoesOnInTheNextLine) {
  const std::vector<TextColumn> columns = {
      {.title = "CHECK", .cells = {"address", "store"}, .whole = true},
      {.title = "DETAIL", .cells = {"no server answers there: start one", "fine"}, .prose = true}};
  EXPECT_EQ(Align(columns, {.width = 35}).text,
            "CHECK    DETAIL\n"
            "address  no server answers there:\n"
            "         start one\n"
            "store    fine\n");
  EXPECT_THAT(Align(columns, {.width = 32}).hidden, ElementsAre(1u));
}

// Whatever the columns: no line of a table is wider than the terminal, and what is shown of ids
// and numbers is whole.
TEST(AlignTest, NothingIsWiderThanTheTerminalAndNoIdIsCut) {
  std::mt19937 random(7);
  const auto below = [&random](size_t n) { return random() % n; };
  for (int round = 0; round < 2000; ++round) {
    std::vector<TextColumn> columns(1 + below(7));
    const size_t rows = 1 + below(3);
    for (TextColumn& column : columns) {
      column.title = std::string(1 + below(12), 'T') + (below(2) ? "." : "") + "x";
      column.whole = below(2) != 0;
      column.right = below(2) != 0;
      column.prose = !column.whole && below(3) == 0;
      for (size_t row = 0; row < rows; ++row) column.cells.emplace_back(1 + below(30), 'c');
    }
    columns[0].title = "ID";
    columns[0].whole = true;
    const size_t width = 30 + below(60);
    const AlignedText aligned = Align(columns, {.width = width});
    std::istringstream lines(aligned.text);
    for (std::string line; std::getline(lines, line);) ASSERT_LE(DisplayWidth(line), width);
    for (size_t i = 0; i < columns.size() - aligned.hidden.size(); ++i) {
      if (!columns[i].whole) continue;
      for (const std::string& cell : columns[i].cells) {
        ASSERT_NE(aligned.text.find(cell), std::string::npos);
      }
    }
    for (size_t i = 0; i < aligned.hidden.size(); ++i) {
      ASSERT_EQ(aligned.hidden[i], columns.size() - aligned.hidden.size() + i);
    }
  }
}

}  // namespace
}  // namespace cairn::cli
