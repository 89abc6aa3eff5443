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
// served by the one reactor of its kind (unary_call, large_request, server_stream, client_stream).
// The two methods that are left to their transport have reactors of their own: LogMetrics
// (log_metrics_stream) and WaitOperation (operation_wait); gRPC answers UNIMPLEMENTED for any
// other.
//
// `environment` and `table` outlive the service, and the service the server it is registered with.
class TableService final : public grpc::Service {
 public:
  // `service` is a full name, as "cairn.v1.TrackingService".
  TableService(Environment& environment, const service::MethodTable& table,
               std::string_view service);

 private:
  // Registers the handler of the method's kind, which takes and gives bytes.
  void Add(Environment& environment, const service::Method& method);

  std::deque<std::string> paths_;  // of methods, as gRPC has them
};

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_TABLE_SERVICE_H_
