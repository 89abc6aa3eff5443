#include "client-cli/commands/line_diff.h"

#include <string>

#include "gtest/gtest.h"

namespace cairn::cli {
namespace {

TEST(LineDiff, SameTextsDifferInNothing) {
  EXPECT_EQ(LineDiff("a\nb\n", "a\nb\n", 3), "");
  EXPECT_EQ(LineDiff("", "", 3), "");
}

TEST(LineDiff, ShowsWhatWentAndCameWithTheLinesAround) {
  EXPECT_EQ(LineDiff("a\nb\nc\nd\ne\n", "a\nb\nX\nd\ne\n", 1), " b\n-c\n+X\n d\n");
  EXPECT_EQ(LineDiff("", "a\n", 1), "+a\n");
  EXPECT_EQ(LineDiff("a\nb\n", "a\n", 0), "-b\n");
}

TEST(LineDiff, PartsThatLieApartAreSeparated) {
  EXPECT_EQ(LineDiff("1\na\nb\nc\nd\n2\n", "x\na\nb\nc\nd\ny\n", 1),
            "-1\n+x\n a\n...\n d\n-2\n+y\n");
}

TEST(LineDiff, TextsThatAreTooLongAreExchangedAsAWhole) {
  std::string from;
  std::string to;
  for (int i = 0; i < 3000; ++i) {
    from += std::to_string(i) + "\n";
    to += std::to_string(i + 10000) + "\n";
  }
  const std::string diff = LineDiff(from, to, 0);
  EXPECT_EQ(diff.rfind("-0\n-1\n", 0), 0u);
  EXPECT_NE(diff.find("-2999\n+10000\n"), std::string::npos);
}

}  // namespace
}  // namespace cairn::cli
