#ifndef CAIRN_LIB_CLIENT_GRPC_STATUS_H_
#define CAIRN_LIB_CLIENT_GRPC_STATUS_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace cairn::client {

// Converts what a call ended with. The google.rpc.Status in the trailer
// `grpc-status-details-bin` becomes payloads of the result, keyed by type URL
// ("type.googleapis.com/google.rpc.ErrorInfo"). Details that cannot be parsed
// are left out; code and message always arrive. Pure.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_GRPC_STATUS_H_
