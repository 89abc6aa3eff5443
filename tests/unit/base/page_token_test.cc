#include "lib/base/page_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cairn/v1/tracking.pb.h"
#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using testing::IsOk;
using testing::StatusIs;

v1::ListRunsRequest Request() {
  v1::ListRunsRequest request;
  request.set_parent("experiments/1");
  request.set_page_size(10);
  return request;
}

std::string TokenAt(const std::string& key) {
  internal::PageToken token;
  token.set_last_key(key);
  return EncodePageToken(Request(), token);
}

TEST(PageTokenTest, RoundTripsAndIgnoresThePageSize) {
  v1::ListRunsRequest next = Request();
  next.set_page_size(3);
  next.set_page_token(TokenAt("key"));
  const auto token = DecodePageToken(next, next.page_token());
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(token->last_key(), "key");
  EXPECT_EQ(DecodePageToken(next, "")->last_key(), "");
}

TEST(PageTokenTest, OtherArgumentsAreRefused) {
  v1::ListRunsRequest other = Request();
  other.set_parent("experiments/2");
  EXPECT_EQ(ReasonOf(DecodePageToken(other, TokenAt("key")).status()), "PAGE_TOKEN_INVALID");
}

TEST(PageTokenTest, DamagedTokensAreRefused) {
  const std::string good = TokenAt("key");
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = '!';
    EXPECT_THAT(DecodePageToken(Request(), bad), StatusIs(absl::StatusCode::kInvalidArgument)) << i;
  }
  EXPECT_THAT(DecodePageToken(Request(), "AAAA"), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(PageTokenTest, PageSizesAreLoweredButNeverNegative) {
  EXPECT_EQ(*EffectivePageSize(0, 100, 1000), 100);
  EXPECT_EQ(*EffectivePageSize(5000, 100, 1000), 1000);
  EXPECT_EQ(ReasonOf(EffectivePageSize(-1, 100, 1000).status()), "VALUE_INVALID");
}

}  // namespace
}  // namespace cairn
