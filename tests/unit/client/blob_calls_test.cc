// The calls of ArtifactClient that are no transfers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "lib/base/ids.h"
#include "lib/client/operation_waiter.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/transfer_fixture.h"

namespace cairn::client {
namespace {

using testing::IsOk;

class BlobCallsTest : public TransferFixture {};

TEST_F(BlobCallsTest, UsageIsOfTheResourceAskedFor) {
  Serve("a", "bytes");
  v1::GetBlobUsageRequest request;
  request.set_name("datasets/d/versions/1");
  const auto usage = client_->artifacts().GetBlobUsage(request);
  ASSERT_THAT(usage, IsOk());
  EXPECT_EQ(usage->name(), "datasets/d/versions/1");
  EXPECT_EQ(usage->blob_count(), 1);
}

TEST_F(BlobCallsTest, ADeletionIsRepeatedUnderOneId) {
  WithState([](FakeState& state) CAIRN_NO_ANALYSIS { state.unavailable_left = 2; });
  v1::DeleteArtifactsRequest request;
  request.set_run("experiments/0/runs/r");
  request.add_paths("old/");
  const auto deleted = client_->artifacts().DeleteArtifacts(request);
  ASSERT_THAT(deleted, IsOk());
  ASSERT_EQ(deleted->files_size(), 1);
  EXPECT_EQ(deleted->files(0).path(), "old/");
  const auto seen = WithState([](FakeState& state) CAIRN_NO_ANALYSIS { return state.deletions; });
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_TRUE(IsUuid4(seen[0].request_id()));
}

TEST_F(BlobCallsTest, ACollectionAndAScrubAreWaitedFor) {
  server_.SetWaitsLeft(2);
  v1::CollectGarbageRequest request;
  request.set_dry_run(true);
  const auto collection = client_->artifacts().CollectGarbage(request);
  ASSERT_THAT(collection, IsOk());
  v1::CollectGarbageMetadata metadata;
  ASSERT_TRUE(collection->metadata().UnpackTo(&metadata));
  EXPECT_TRUE(metadata.dry_run());
  const auto scrub = client_->artifacts().ScrubBlobs({});
  ASSERT_THAT(scrub, IsOk());
  for (const auto& operation : {*collection, *scrub}) {
    const auto done = AwaitOperation(client_->operations(), operation,
                                     {.interval = std::chrono::milliseconds(5)});
    ASSERT_THAT(done, IsOk());
    EXPECT_TRUE(done->done());
    EXPECT_EQ(done->name(), operation.name());
  }
}

}  // namespace
}  // namespace cairn::client
