#include "lib/client/grpc_status.h"

#include <string>

#include "absl/strings/cord.h"
#include "google/rpc/status.pb.h"
#include "lib/client/status_origin.h"

namespace cairn::client {
namespace {

constexpr bool Coincide(grpc::StatusCode grpc_code, absl::StatusCode absl_code) {
  return static_cast<int>(grpc_code) == static_cast<int>(absl_code);
}

static_assert(Coincide(grpc::StatusCode::OK, absl::StatusCode::kOk));
static_assert(Coincide(grpc::StatusCode::CANCELLED, absl::StatusCode::kCancelled));
static_assert(Coincide(grpc::StatusCode::UNKNOWN, absl::StatusCode::kUnknown));
static_assert(Coincide(grpc::StatusCode::INVALID_ARGUMENT, absl::StatusCode::kInvalidArgument));
static_assert(Coincide(grpc::StatusCode::DEADLINE_EXCEEDED, absl::StatusCode::kDeadlineExceeded));
static_assert(Coincide(grpc::StatusCode::NOT_FOUND, absl::StatusCode::kNotFound));
static_assert(Coincide(grpc::StatusCode::ALREADY_EXISTS, absl::StatusCode::kAlreadyExists));
static_assert(Coincide(grpc::StatusCode::PERMISSION_DENIED, absl::StatusCode::kPermissionDenied));
static_assert(Coincide(grpc::StatusCode::RESOURCE_EXHAUSTED, absl::StatusCode::kResourceExhausted));
static_assert(Coincide(grpc::StatusCode::FAILED_PRECONDITION,
                       absl::StatusCode::kFailedPrecondition));
static_assert(Coincide(grpc::StatusCode::ABORTED, absl::StatusCode::kAborted));
static_assert(Coincide(grpc::StatusCode::OUT_OF_RANGE, absl::StatusCode::kOutOfRange));
static_assert(Coincide(grpc::StatusCode::UNIMPLEMENTED, absl::StatusCode::kUnimplemented));
static_assert(Coincide(grpc::StatusCode::INTERNAL, absl::StatusCode::kInternal));
static_assert(Coincide(grpc::StatusCode::UNAVAILABLE, absl::StatusCode::kUnavailable));
static_assert(Coincide(grpc::StatusCode::DATA_LOSS, absl::StatusCode::kDataLoss));
static_assert(Coincide(grpc::StatusCode::UNAUTHENTICATED, absl::StatusCode::kUnauthenticated));

}  // namespace

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  MarkFromServer(&result);
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return result;
  for (const google::protobuf::Any& detail : details.details()) {
    result.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return result;
}

}  // namespace cairn::client
