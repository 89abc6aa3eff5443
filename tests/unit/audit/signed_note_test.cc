#include "lib/audit/signed_note.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/encoding.h"
#include "tests/testing/status_matchers.h"

namespace cairn::audit {
namespace {

SignerKey FixedKey() {
  return {"cairn-audit/test", *Ed25519Key::FromSeed(std::string(32, '\x01'))};
}

// RFC 8032, section 7.1, test 1.
TEST(Ed25519, SignsAsTheStandardSays) {
  const auto seed = HexDecode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  const auto key = Ed25519Key::FromSeed(*seed);
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(HexEncode(key->public_key()),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  EXPECT_EQ(
      HexEncode(*key->Sign("")),
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
      "f9b46bd25bf5f0595bbe24655141438e7a100b");
  EXPECT_TRUE(VerifyEd25519(key->public_key(), "", *key->Sign("")));
  EXPECT_FALSE(VerifyEd25519(key->public_key(), "x", *key->Sign("")));
  EXPECT_FALSE(VerifyEd25519("", "", ""));
}

TEST(SignedNote, IsReadBackAndVerifies) {
  const auto note = SignCheckpoint(FixedKey(), 1000, std::string(32, '\x02'));
  ASSERT_THAT(note, testing::IsOk());
  const auto parsed = ParseCheckpoint(*note);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->checkpoint, (Checkpoint{"cairn-audit/test", 1000, std::string(32, '\x02')}));
  EXPECT_TRUE(IsSignedBy(*parsed, FixedKey().verifier()));
  EXPECT_FALSE(IsSignedBy(*parsed, {"cairn-audit/other", FixedKey().key.public_key()}));
}

TEST(SignedNote, IsNotReadOrDoesNotVerifyWithAnyBitChanged) {
  const std::string note = *SignCheckpoint(FixedKey(), 7, std::string(32, '\x02'));
  for (size_t i = 0; i < note.size() * 8; ++i) {
    std::string changed = note;
    changed[i / 8] ^= static_cast<char>(1 << (i % 8));
    const auto parsed = ParseCheckpoint(changed);
    EXPECT_FALSE(parsed && IsSignedBy(*parsed, FixedKey().verifier())) << i;
  }
}

TEST(SignedNote, KeysAreReadBackAndOthersAreNone) {
  const std::string text = FormatVerifierKey(FixedKey().verifier());
  EXPECT_EQ(ParseVerifierKey(text), FixedKey().verifier());
  const auto signer = ParseSignerKey(FormatSignerKey(FixedKey()));
  ASSERT_TRUE(signer.has_value());
  EXPECT_EQ(signer->key.seed(), FixedKey().key.seed());
  for (size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == 'x' ? 'y' : 'x';
    EXPECT_NE(ParseVerifierKey(changed), FixedKey().verifier()) << i;
  }
  EXPECT_FALSE(ParseVerifierKey(FormatSignerKey(FixedKey())).has_value());
}

}  // namespace
}  // namespace cairn::audit
