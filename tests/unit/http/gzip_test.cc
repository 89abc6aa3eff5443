#include "lib/http/gzip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/testing/status_matchers.h"

namespace cairn::http {
namespace {

using testing::IsOk;
using testing::StatusIs;

std::string Varied(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i * 2654435761u) + ",";
  text.resize(size);
  return text;
}

TEST(GzipTest, UnpacksWhatItPacked) {
  for (const std::size_t size : {0u, 1u, 1000u, 300'000u}) {
    const std::string text = Varied(size);
    const auto back = Gunzip(Gzip(text), {});
    ASSERT_THAT(back, IsOk());
    EXPECT_EQ(*back, text);
  }
}

TEST(GzipTest, TakesSeveralMembersAsOneText) {
  EXPECT_EQ(*Gunzip(Gzip("one ") + Gzip("two"), {}), "one two");
}

TEST(GzipTest, ExactlyTheLimitIsTakenAndOneByteMoreIsNot) {
  const GunzipLimits limits{100'000, 200};
  EXPECT_THAT(Gunzip(Gzip(Varied(100'000)), limits), IsOk());
  EXPECT_THAT(Gunzip(Gzip(Varied(100'001)), limits),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST(GzipTest, ABombIsRefusedByItsRatio) {
  const std::string bomb = Gzip(std::string(4 << 20, '\0'));
  GunzipLimits limits{std::size_t{64} << 20, 200};
  EXPECT_THAT(Gunzip(bomb, limits), StatusIs(absl::StatusCode::kResourceExhausted));
  limits.max_ratio = 2000;
  EXPECT_THAT(Gunzip(bomb, limits), IsOk());
}

TEST(GzipTest, WhatIsNotWholeOrNotGzipIsRefused) {
  const std::string packed = Gzip(Varied(5000));
  for (const std::string& bad : {std::string(), std::string("plain"), packed.substr(0, 100),
                                 packed.substr(0, packed.size() - 1), packed + "x"}) {
    EXPECT_THAT(Gunzip(bad, {}), StatusIs(absl::StatusCode::kInvalidArgument)) << bad.size();
  }
}

TEST(GzipTest, ReadsWhatAClientAccepts) {
  for (const char* yes : {"gzip", "br, GZIP;q=0.5", "*", "deflate, gzip;q=1.0", "gzip; q=0.01"}) {
    EXPECT_TRUE(AcceptsCoding(yes, "gzip")) << yes;
  }
  for (const char* no : {"", "br", "gzip;q=0", "gzip; q=0.000", "identity"}) {
    EXPECT_FALSE(AcceptsCoding(no, "gzip")) << no;
  }
}

}  // namespace
}  // namespace cairn::http
