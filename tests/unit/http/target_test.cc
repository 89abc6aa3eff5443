#include "lib/http/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/testing/status_matchers.h"

namespace cairn::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;

TEST(ParseTargetTest, RootHasNoSegments) {
  const auto target = ParseTarget("/");
  ASSERT_THAT(target, IsOk());
  EXPECT_THAT(target->segments, IsEmpty());
  EXPECT_THAT(target->query, IsEmpty());
}

TEST(ParseTargetTest, SplitsBeforeDecodingSoAnEncodedSlashStaysInside) {
  const auto target = ParseTarget("/models/a%2Fb/c");
  ASSERT_THAT(target, IsOk());
  EXPECT_THAT(target->segments, ElementsAre("models", "a/b", "c"));
  EXPECT_EQ(target->path, "/models/a%2Fb/c");
}

TEST(ParseTargetTest, DecodesOnlyOnce) {
  const auto target = ParseTarget("/a%252Fb?q=%2525");
  ASSERT_THAT(target, IsOk());
  EXPECT_THAT(target->segments, ElementsAre("a%2Fb"));
  EXPECT_EQ(*FindExact(target->query, "q"), "%25");
}

TEST(ParseTargetTest, PlusIsABlankInTheQueryOnly) {
  const auto target = ParseTarget("/a+b?q=a+b");
  ASSERT_THAT(target, IsOk());
  EXPECT_THAT(target->segments, ElementsAre("a+b"));
  EXPECT_EQ(*FindExact(target->query, "q"), "a b");
}

TEST(ParseTargetTest, QueryKeepsOrderRepeatsAndEmptyValues) {
  const auto target = ParseTarget("/?a=1&&b&a=2&c=x%3Dy=z");
  ASSERT_THAT(target, IsOk());
  std::string seen;
  for (const NameValue& pair : target->query) seen += pair.name + "=" + pair.value + ";";
  EXPECT_EQ(seen, "a=1;b=;a=2;c=x=y=z;");
}

TEST(ParseTargetTest, DoubledAndTrailingSlashesGiveEmptySegments) {
  const auto target = ParseTarget("/a//b/");
  ASSERT_THAT(target, IsOk());
  EXPECT_THAT(target->segments, ElementsAre("a", "", "b", ""));
}

class BadTargetTest : public ::testing::TestWithParam<const char*> {};

TEST_P(BadTargetTest, IsInvalidArgument) {
  EXPECT_THAT(ParseTarget(GetParam()), StatusIs(absl::StatusCode::kInvalidArgument));
}

INSTANTIATE_TEST_SUITE_P(Forms, BadTargetTest,
                         ::testing::Values("", "*", "http://localhost/a", "a/b", "/%", "/%4",
                                           "/%g0", "/a/../b", "/a/%2e%2E/b", "/.", "/%00", "/a%0Ab",
                                           "/?q=%00", "/?q=%zz"));

std::string Encode(const std::string& text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    encoded += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return encoded;
}

TEST(PercentDecodeTest, UndoesEncodingOfRandomText) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    std::string text(random() % 40, ' ');
    for (char& c : text) {
      do {
        c = static_cast<char>(random() % 256);
      } while (static_cast<unsigned char>(c) < 0x20 || c == 0x7f);
    }
    const auto decoded = PercentDecode(Encode(text), false);
    ASSERT_THAT(decoded, IsOk());
    EXPECT_EQ(*decoded, text);
  }
}

}  // namespace
}  // namespace cairn::http
