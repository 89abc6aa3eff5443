#include "pipeline/report/charts/svg_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace cairn::pipeline {
namespace {

std::string Coordinate(double value) {
  std::string out;
  AppendCoordinate(value, &out);
  return out;
}

TEST(EscapeMarkupTest, SpecialCharactersAreEntities) {
  EXPECT_EQ(EscapeMarkup("</script><b a=\"1\" c='2'>&"),
            "&lt;/script&gt;&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;");
}

TEST(EscapeMarkupTest, CharactersOfAllLengthsStay) {
  EXPECT_EQ(EscapeMarkup("a£€😀\t\n"), "a£€😀\t\n");
}

TEST(EscapeMarkupTest, WhatXmlDoesNotAllowIsReplaced) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(EscapeMarkup(std::string("a\0b", 3)), "a" + mark + "b");
  EXPECT_EQ(EscapeMarkup("\x1B"), mark);
  EXPECT_EQ(EscapeMarkup("\xFF\xC3"), mark + mark);
  // Overlong, a surrogate, beyond the last character, U+FFFF.
  for (const char* bytes : {"\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xEF\xBF\xBF"}) {
    EXPECT_EQ(EscapeMarkup(bytes).substr(0, 3), mark) << bytes;
  }
}

TEST(EllipsisTest, CutsBetweenCharacters) {
  EXPECT_EQ(Ellipsis("€€€€", 4), "€€€€");
  EXPECT_EQ(Ellipsis("€€€€", 3), "€€…");
  EXPECT_EQ(Ellipsis("ab cd", 4), "ab…");
  EXPECT_EQ(Ellipsis("abc", 1), "…");
}

TEST(AppendCoordinateTest, HasATenthAtMost) {
  EXPECT_EQ(Coordinate(0), "0");
  EXPECT_EQ(Coordinate(12.34), "12.3");
  EXPECT_EQ(Coordinate(-0.26), "-0.3");
  EXPECT_EQ(Coordinate(-0.04), "0");
}

TEST(AppendCoordinateTest, WhatIsNotFiniteIsClamped) {
  EXPECT_EQ(Coordinate(std::nan("")), "0");
  EXPECT_EQ(Coordinate(std::numeric_limits<double>::infinity()), "100000");
  EXPECT_EQ(Coordinate(-1e300), "-100000");
}

}  // namespace
}  // namespace cairn::pipeline
