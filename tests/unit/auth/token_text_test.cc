#include "server/auth/token_text.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "lib/base/hmac.h"

namespace cairn::auth {
namespace {

const std::string kId = "0123456789abcdef";
const std::string kSecret = std::string(32, '0') + std::string(32, 'f');
const std::string kText = "cairn_" + kId + "_" + kSecret;

TEST(TokenText, ATokenIsReadAsItWasWritten) {
  EXPECT_EQ(FormatToken({kId, kSecret}), kText);
  const auto parts = ParseToken(kText);
  ASSERT_TRUE(parts.has_value());
  EXPECT_EQ(parts->id, kId);
  EXPECT_EQ(parts->secret, kSecret);
}

TEST(TokenText, EveryOtherFormIsRefused) {
  std::string other_prefix = kText;
  other_prefix[0] = 'C';
  std::string upper = kText;
  upper.back() = 'F';
  std::string no_hex = kText;
  no_hex[10] = 'g';
  std::string no_mark = kText;
  no_mark[22] = '-';
  std::string zero = kText;
  zero[30] = '\0';
  const std::set<std::string> wrong = {"",
                                       "cairn_",
                                       "cairn__",
                                       kText + "0",
                                       kText.substr(0, kText.size() - 1),
                                       " " + kText,
                                       kText + " ",
                                       kText + "\n",
                                       other_prefix,
                                       upper,
                                       no_hex,
                                       no_mark,
                                       zero,
                                       "Bearer " + kText,
                                       kId + "_" + kSecret,
                                       std::string(100'000, 'a')};
  for (const std::string& text : wrong) EXPECT_FALSE(ParseToken(text).has_value()) << text;
}

TEST(TokenText, DrawnTokensDifferAndHaveTheForm) {
  std::set<std::string> ids;
  std::set<std::string> secrets;
  for (int i = 0; i < 100; ++i) {
    const TokenParts drawn = DrawToken(SystemIds());
    EXPECT_TRUE(ParseToken(FormatToken(drawn)).has_value());
    EXPECT_GE(drawn.secret.size() * 4, 160u);
    ids.insert(drawn.id);
    secrets.insert(drawn.secret);
  }
  EXPECT_EQ(ids.size(), 100u);
  EXPECT_EQ(secrets.size(), 100u);
}

TEST(TokenText, ABearerIsWhatFollowsTheScheme) {
  EXPECT_EQ(BearerOf("Bearer x").value(), "x");
  EXPECT_EQ(BearerOf("bearer   x y").value(), "x y");
  EXPECT_EQ(BearerOf("Bearer").value(), "");
  EXPECT_EQ(BearerOf("Bearer ").value(), "");
  EXPECT_FALSE(BearerOf("Basic x").has_value());
  EXPECT_FALSE(BearerOf("BearerX").has_value());
  EXPECT_FALSE(BearerOf("").has_value());
}

// docs/storage-format.md, "Tokens and role bindings"; worked out by another program.
TEST(TokenText, TheDigestIsAsDocumented) {
  EXPECT_EQ(HexEncode(SecretDigest(std::string(64, '0'))),
            "60e05bd1b195af2f94112fa7197a5c88289058840ce7c6df9693756bc6250f55");
}

TEST(TokenText, DigestsAreComparedWhole) {
  const std::string digest = SecretDigest(kSecret);
  EXPECT_EQ(HexEncode(digest), Sha256Hex(kSecret));
  EXPECT_TRUE(IsSameCode(digest, SecretDigest(kSecret)));
  EXPECT_FALSE(IsSameCode(digest, SecretDigest(kId)));
  EXPECT_FALSE(IsSameCode(digest, digest.substr(1)));
  EXPECT_FALSE(IsSameCode(digest, ""));
}

}  // namespace
}  // namespace cairn::auth
