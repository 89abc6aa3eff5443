#ifndef CAIRN_LIB_BASE_RPC_STATUS_H_
#define CAIRN_LIB_BASE_RPC_STATUS_H_

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace cairn {

// A status as it leaves the server, whatever the transport: code, message, and every
// payload as a detail. Every error that leaves carries an ErrorInfo: one that was made
// without is given INTERNAL_FAULT, and its message is replaced, because it may speak of
// internals. Pure. OK becomes code 0 without details.
google::rpc::Status ToRpcStatus(const absl::Status& status);

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_RPC_STATUS_H_
