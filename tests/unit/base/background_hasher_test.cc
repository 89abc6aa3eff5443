#include "lib/base/background_hasher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace cairn {
namespace {

std::string Bytes(size_t size) {
  std::mt19937 random(static_cast<uint32_t>(size));
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

TEST(BackgroundHasher, MakesTheDigestWhateverTheLengthIs) {
  for (const size_t size : {0, 1, 262'143, 262'144, 262'145, 524'288, 3'000'000}) {
    SCOPED_TRACE(size);
    const std::string bytes = Bytes(size);
    BackgroundHasher hasher;
    hasher.Update(bytes);
    EXPECT_EQ(hasher.Finish(), DigestOf(bytes));
  }
}

TEST(BackgroundHasher, HowTheBytesAreCutIntoPartsDoesNotMatter) {
  const std::string bytes = Bytes(4'000'000);
  std::mt19937 random(7);
  BackgroundHasher hasher;
  for (size_t at = 0; at < bytes.size();) {
    const size_t length = std::min<size_t>(random() % 500'000, bytes.size() - at);
    hasher.Update(std::string_view(bytes).substr(at, length));
    at += length;
  }
  EXPECT_EQ(hasher.Finish(), DigestOf(bytes));
}

TEST(BackgroundHasher, MayBeLeftWithoutItsDigest) {
  BackgroundHasher hasher;
  hasher.Update(Bytes(3'000'000));
}

}  // namespace
}  // namespace cairn
