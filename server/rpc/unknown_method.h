#ifndef CAIRN_SERVER_RPC_UNKNOWN_METHOD_H_
#define CAIRN_SERVER_RPC_UNKNOWN_METHOD_H_

#include "grpcpp/generic/async_generic_service.h"

namespace cairn::rpc {

// Answers calls of methods that no service has, as gRPC would but with a reason that clients can
// read: UNIMPLEMENTED (METHOD_UNKNOWN). Nothing that the client sends is received, and nobody is
// asked who they are: which methods there are is published with the protos.
//
// Owned by the GrpcServer, which outlives the calls. Safe to call from any thread.
class UnknownMethod final : public grpc::CallbackGenericService {
 public:
  // Finished at once. The reactor deletes itself when gRPC is done with it.
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;
};

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_UNKNOWN_METHOD_H_
