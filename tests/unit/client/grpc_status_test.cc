#include "lib/client/grpc_status.h"

#include "lib/client/status_origin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn::client {
namespace {

using testing::IsOk;
using testing::StatusIs;

// What a server does with a status: the inverse of the function under test.
grpc::Status Send(const absl::Status& status) {
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(std::string(status.message()));
  status.ForEachPayload([&](auto type_url, const absl::Cord& payload) {
    auto* detail = details.add_details();
    detail->set_type_url(std::string(type_url));
    detail->set_value(std::string(payload));
  });
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message()),
          details.SerializeAsString()};
}

TEST(GrpcStatusTest, CodeMessageAndDetailsSurviveTheWire) {
  const absl::Status sent =
      Error(absl::StatusCode::kAborted, ErrorReason::EPOCH_MISMATCH, "the channel moved")
          .With("currentEpoch", "4")
          .Precondition("EPOCH", "models/m/channels/production", "expected 3")
          .RetryAfterSeconds(1.5)
          .ToStatus();
  const absl::Status received = FromGrpcStatus(Send(sent));
  EXPECT_FALSE(IsFromServer(sent));
  EXPECT_TRUE(IsFromServer(received));
  absl::Status marked = sent;
  MarkFromServer(&marked);
  EXPECT_EQ(received, marked);
  EXPECT_TRUE(HasReason(received, ErrorReason::EPOCH_MISMATCH));
  EXPECT_EQ(MetadataOf(received, "currentEpoch"), "4");
}

TEST(GrpcStatusTest, OkStaysOk) { EXPECT_THAT(FromGrpcStatus(grpc::Status::OK), IsOk()); }

TEST(GrpcStatusTest, EveryCodeStaysItself) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status received =
        FromGrpcStatus(grpc::Status(static_cast<grpc::StatusCode>(code), "m"));
    EXPECT_EQ(static_cast<int>(received.code()), code);
    EXPECT_EQ(std::string(received.message()), "m");
  }
}

TEST(GrpcStatusTest, DamagedDetailsDoNotHideTheError) {
  const absl::Status received =
      FromGrpcStatus(grpc::Status(grpc::StatusCode::NOT_FOUND, "gone", "\xff\xff\xff"));
  EXPECT_THAT(received, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(ReasonOf(received), "");
}

}  // namespace
}  // namespace cairn::client
