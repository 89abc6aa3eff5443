#ifndef CAIRN_SERVER_RPC_OPERATION_WAIT_H_
#define CAIRN_SERVER_RPC_OPERATION_WAIT_H_

#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/rpc/call.h"
#include "server/service/method.h"

namespace cairn::rpc {

// Serves WaitOperation as calls::OperationWait says: answers with the operation
// when it is done, when the request's timeout is over or when the client has gone. The reactor owns
// itself until gRPC is done with it; the others outlive the call. gRPC tells of a client that went,
// so a call waits as long as its client likes.
grpc::ServerUnaryReactor* WaitOperation(Environment& environment, const service::Method& method,
                                        const grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response);

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_OPERATION_WAIT_H_
