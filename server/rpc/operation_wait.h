#ifndef CAIRN_SERVER_RPC_OPERATION_WAIT_H_
#define CAIRN_SERVER_RPC_OPERATION_WAIT_H_

#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/rpc/call.h"
#include "server/service/method.h"

namespace cairn::rpc {

// The call is a reactor and a flow at once, and the flow is held by weak pointers of who wakes it:
// so it is owned by a shared_ptr, unlike the other reactors, which delete themselves.
//
// Serves WaitOperation as calls::OperationWait says: answers with the operation
// when it is done, when the request's timeout is over or when the client has gone. The reactor owns
// itself until gRPC is done with it; the others outlive the call, and `response` is filled before
// the call is finished. gRPC tells of a client that went, and cancels at a deadline, so a call
// waits as long as its client likes and needs no alarm for that. The method's row is
// service::OperationWaits. Any thread; does not block. Returns what gRPC drives.
grpc::ServerUnaryReactor* WaitOperation(Environment& environment, const service::Method& method,
                                        const grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response);

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_OPERATION_WAIT_H_
