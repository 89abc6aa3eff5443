// HMAC-SHA256 against the vectors of RFC 4231.

#include "lib/base/hmac.h"

#include <gtest/gtest.h>

#include <string>

#include "lib/base/encoding.h"

namespace cairn {
namespace {

TEST(HmacTest, GivesWhatTheStandardSays) {
  EXPECT_EQ(HexEncode(HmacSha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(HexEncode(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(HmacTest, TakesKeysOfAnyLength) {
  EXPECT_EQ(HexEncode(HmacSha256(std::string(131, '\xaa'),
                                 "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(HexEncode(HmacSha256("", "")),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(HmacTest, NoTwoListsOfTextsHaveOneCode) {
  EXPECT_EQ(HmacSha256OfTexts("k", {"ab", ""}), HmacSha256("k", "2:ab,0:,"));
  EXPECT_NE(HmacSha256OfTexts("k", {"ab", "c"}), HmacSha256OfTexts("k", {"a", "bc"}));
  EXPECT_NE(HmacSha256OfTexts("k", {"ab"}), HmacSha256OfTexts("k", {"ab", ""}));
}

TEST(HmacTest, KeysAreNewAndCodesAreComparedWhole) {
  EXPECT_EQ(NewHmacKey().size(), 32u);
  EXPECT_NE(NewHmacKey(), NewHmacKey());
  EXPECT_TRUE(IsSameCode("", ""));
  EXPECT_TRUE(IsSameCode("abc", "abc"));
  for (const char* other : {"", "ab", "abd", "xbc", "abcd"}) EXPECT_FALSE(IsSameCode("abc", other));
}

}  // namespace
}  // namespace cairn
