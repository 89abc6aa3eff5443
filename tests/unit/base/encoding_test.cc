#include "lib/base/encoding.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/ids.h"
#include "lib/base/retry.h"

namespace cairn {
namespace {

TEST(EncodingTest, HexTakesLowerCaseOnly) {
  EXPECT_EQ(HexEncode(std::string("\x00\xff\x1a", 3)), "00ff1a");
  EXPECT_EQ(HexDecode("00ff1a"), std::string("\x00\xff\x1a", 3));
  EXPECT_EQ(HexDecode("00F0"), std::nullopt);
  EXPECT_EQ(HexDecode("0"), std::nullopt);
}

TEST(EncodingTest, Base64UrlRoundTripsRandomBytes) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 500; ++i) {
    std::string bytes(random() % 40, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    EXPECT_EQ(Base64UrlDecode(Base64UrlEncode(bytes)), bytes);
  }
}

TEST(EncodingTest, Base64UrlHasOneFormForEachText) {
  EXPECT_EQ(Base64UrlEncode("f"), "Zg");
  EXPECT_EQ(Base64UrlDecode("Zh"), std::nullopt);  // set bits behind the last byte
  EXPECT_EQ(Base64UrlDecode("Zg=="), std::nullopt);
  EXPECT_EQ(Base64UrlDecode("Z"), std::nullopt);
}

TEST(EncodingTest, EtagsAreQuotedBase36) {
  EXPECT_EQ(EtagOf(0), "\"0\"");
  EXPECT_EQ(EtagOf(35), "\"z\"");
  EXPECT_EQ(EtagOf(36), "\"10\"");
}

TEST(EncodingTest, PercentDecodesExactlyOnce) {
  EXPECT_EQ(PercentEncode("a b/ü"), "a%20b%2F%C3%BC");
  EXPECT_EQ(PercentDecode("a%2520b"), "a%20b");
  EXPECT_EQ(PercentDecode("%"), std::nullopt);
  EXPECT_EQ(PercentDecode("%g0"), std::nullopt);
}

TEST(EncodingTest, Utf8RefusesOverlongFormsAndSurrogates) {
  EXPECT_TRUE(IsValidUtf8("grün €"));
  EXPECT_FALSE(IsValidUtf8("\xC0\xAF"));
  EXPECT_FALSE(IsValidUtf8("\xED\xA0\x80"));
  EXPECT_FALSE(IsValidUtf8("\xF4\x90\x80\x80"));
  EXPECT_FALSE(IsValidUtf8("\xE2\x82"));
}

TEST(EncodingTest, DoublesPrintAsShortAsTheyReadBack) {
  EXPECT_EQ(ShortestDouble(0.1), "0.1");
  EXPECT_EQ(ShortestDouble(-0.0), "-0");
  EXPECT_EQ(ShortestDouble(std::numeric_limits<double>::quiet_NaN()), "nan");
  EXPECT_EQ(ShortestDouble(-std::numeric_limits<double>::infinity()), "-inf");
}

TEST(DigestTest, KnownValueAndIdentityOfSize) {
  const Digest digest = DigestOf("abc");
  EXPECT_EQ(digest.Hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest.size_bytes, 3);
  EXPECT_NE(*ParseDigest(digest.Hex(), 4), digest);
  EXPECT_EQ(ReasonOf(ParseDigest(digest.Hex(), -1).status()), "DIGEST_INVALID");
  EXPECT_EQ(ReasonOf(ParseDigest("BA", 1).status()), "DIGEST_INVALID");
}

TEST(DigestTest, AHasherStartsAnewAfterFinish) {
  Sha256Hasher hasher;
  hasher.Update("x");
  hasher.Finish();
  hasher.Update("a");
  hasher.Update("bc");
  EXPECT_EQ(hasher.Finish(), DigestOf("abc"));
}

TEST(ClockTest, Rfc3339RoundTripsWithNanosAndOffsets) {
  EXPECT_EQ(FormatRfc3339(1323435000LL * kNanosPerSecond), "2011-12-09T12:50:00Z");
  EXPECT_EQ(*ParseRfc3339("2011-12-09T13:50:00+01:00"), 1323435000LL * kNanosPerSecond);
  EXPECT_EQ(*ParseRfc3339("2011-12-09T12:50:00.000000001Z"), 1323435000LL * kNanosPerSecond + 1);
  EXPECT_EQ(ReasonOf(ParseRfc3339("yesterday").status()), "VALUE_INVALID");
}

TEST(IdsTest, FormsAreChecked) {
  EXPECT_TRUE(IsHexId(SystemIds().NewHexId()));
  EXPECT_TRUE(IsUuid4(SystemIds().NewUuid4()));
  EXPECT_TRUE(IsUuid4(MakeSequentialIds(7)->NewUuid4()));
  EXPECT_FALSE(IsUuid4("00000000-0000-0000-0000-000000000000"));
  EXPECT_FALSE(IsHexId("ABCDEF00000000000000000000000000"));
}

TEST(RetryTest, WaitsGrowWithinTheirBounds) {
  const BackoffPolicy policy;
  EXPECT_EQ(policy.WaitMillis(1, 0), policy.initial_millis / 2);
  for (int n = 1; n < 80; ++n) {
    for (const uint64_t random : {uint64_t{0}, uint64_t{12345}, ~uint64_t{0}}) {
      EXPECT_GE(policy.WaitMillis(n, random), policy.initial_millis / 2);
      EXPECT_LE(policy.WaitMillis(n, random), policy.max_millis);
    }
  }
}

}  // namespace
}  // namespace cairn
