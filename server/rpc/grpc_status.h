#ifndef CAIRN_SERVER_RPC_GRPC_STATUS_H_
#define CAIRN_SERVER_RPC_GRPC_STATUS_H_

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace cairn::rpc {

// The status on the wire: code, message, and every payload as a detail in the
// `grpc-status-details-bin` trailer. Every error that leaves carries an
// ErrorInfo: one that was made without is given INTERNAL_FAULT, and its message
// is replaced, because it may speak of internals. The codes are those of absl, which are gRPC's own
// by number. Pure; thread-safe.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_GRPC_STATUS_H_
