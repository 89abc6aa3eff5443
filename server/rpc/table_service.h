#ifndef CAIRN_SERVER_RPC_TABLE_SERVICE_H_
#define CAIRN_SERVER_RPC_TABLE_SERVICE_H_

#include <deque>
#include <string>
#include <string_view>

#include "grpcpp/impl/codegen/service_type.h"
#include "server/rpc/call.h"
#include "server/service/method_table.h"

namespace cairn::rpc {

// One gRPC service as the table has it: every row becomes a method that takes and gives bytes,
// served by the one reactor of its kind: unary_call, large_request, server_stream, client_stream,
// log_metrics_stream for a PointStream and operation_wait for OperationWaits. Nothing here knows a
// method by its name. gRPC answers UNIMPLEMENTED for what is no row (unknown_method).
//
// Handlers are registered with what gRPC's generated code uses itself (grpc::internal), because
// generated services parse messages before anybody decided that they should be read.
//
// `environment` and `table` outlive the service, and the service the server it is registered with.
class TableService final : public grpc::Service {
 public:
  // `service` is a full name, as "cairn.v1.TrackingService"; a service of which the table has no
  // row gets no method. After this nothing of it changes: gRPC calls handlers from all its threads.
  TableService(Environment& environment, const service::MethodTable& table,
               std::string_view service);

 private:
  // Registers the handler of the method's kind, which takes and gives bytes. gRPC keeps the path by
  // its address, hence the deque.
  void Add(Environment& environment, const service::Method& method);

  std::deque<std::string> paths_;  // of methods, as gRPC has them
};

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_TABLE_SERVICE_H_
