#include "server/front/descriptor_shares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn::front {
namespace {

using testing::IsOk;
using testing::StatusIs;

TEST(DescriptorSharesTest, TogetherTheyNeverExceedTheLimit) {
  for (int64_t limit = DescriptorShares::kLeastLimit; limit <= 4096; ++limit) {
    ASSERT_LE(DescriptorShares::Of(limit)->total(), limit);
  }
  for (const int64_t limit : {20'000, 65'536, 1 << 20}) {
    EXPECT_LE(DescriptorShares::Of(limit)->total(), limit) << limit;
  }
}

TEST(DescriptorSharesTest, EachPartCanWorkUnderTheLeastLimit) {
  const auto shares = DescriptorShares::Of(DescriptorShares::kLeastLimit);
  ASSERT_THAT(shares, IsOk());
  EXPECT_GE(shares->grpc_connections, 16);
  EXPECT_GE(shares->http_connections, 8);
  EXPECT_GE(shares->store_files, 32);
  EXPECT_GE(shares->pack_readers, 8);
  EXPECT_GE(shares->uploads, 8);
  EXPECT_GE(shares->reserve, 48);
}

TEST(DescriptorSharesTest, ALimitWithWhichNothingWorksIsRefused) {
  for (const int64_t limit : {int64_t{0}, DescriptorShares::kLeastLimit - 1}) {
    const auto shares = DescriptorShares::Of(limit);
    EXPECT_THAT(shares, StatusIs(absl::StatusCode::kFailedPrecondition));
    EXPECT_EQ(ReasonOf(shares.status()), "CONFIG_INVALID");
    EXPECT_NE(shares.status().message().find(std::to_string(limit)), std::string::npos);
  }
}

TEST(DescriptorSharesTest, MostAreForConnectionsToTheGrpcPort) {
  EXPECT_EQ(DescriptorShares::Of(1024)->grpc_connections, 752);
  EXPECT_EQ(DescriptorShares::Of(20'000)->grpc_connections, 15'370);
  EXPECT_EQ(DescriptorShares::Of(1 << 20)->grpc_connections, 65'536);
}

TEST(DescriptorSharesTest, UnderAUsualHardLimitNoPartHasLessThanItWouldHaveAlone) {
  const auto shares = DescriptorShares::Of(1 << 16);
  EXPECT_EQ(shares->http_connections, 1024);
  EXPECT_EQ(shares->store_files, 8192);
  EXPECT_EQ(shares->pack_readers, 256);
  EXPECT_EQ(shares->uploads, 1024);
  EXPECT_GE(DescriptorShares::Of(1 << 17)->store_files, DescriptorShares::kAllStoreFiles);
}

}  // namespace
}  // namespace cairn::front
