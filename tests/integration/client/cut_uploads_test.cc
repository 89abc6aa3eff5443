// Uploads whose client or server is killed at random; upload_drill.cc runs many more.

#include "tests/integration/client/cut_uploads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using testing::IsOk;

TEST(CutUploadsTest, AnotherProcessGoesOnAndSendsLittleAgain) {
  const auto report = testing::CutUploads(/*seed=*/1, /*uploads=*/25);
  ASSERT_THAT(report, IsOk());
  // The others were over too soon.
  EXPECT_GE(report->cuts, 15);
  EXPECT_GE(report->client_kills, 8);
  EXPECT_GT(report->most_sent_again, 0);
}

}  // namespace
}  // namespace cairn
