#ifndef CAIRN_SERVER_RPC_GRPC_SERVER_H_
#define CAIRN_SERVER_RPC_GRPC_SERVER_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/front/acceptor.h"
#include "server/rpc/call.h"
#include "server/service/method_table.h"

namespace cairn::rpc {

// The gRPC front: every service of the table of methods, health and reflection, on one
// address. Messages are at most 4 MiB in, headers 8 KiB (server/core/limits.h). What its methods
// do, and in which turn, is not known here: TableService makes handlers of their rows. Sizes,
// silence and compression of connections are limited. Owned by the Server; `environment` and
// `methods` must outlive it.
class GrpcServer {
 public:
  // Binds and serves; gRPC gets its connections from a front::Acceptor. When it has read
  // about `request_bytes` of requests that are not complete or not answered, it reads less and
  // ends some of the calls.
  // Connections that came before are served at once. Blocks only for as long as binding takes.
  // INVALID_ARGUMENT (CONFIG_INVALID) when the address cannot be bound.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(front::AcceptorOptions options,
                                                           int64_t request_bytes,
                                                           Environment& environment,
                                                           const service::MethodTable& methods);

  // Stops, with five seconds for calls under way.
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  // The bound port; that of the address unless it said 0, when the system chose one.
  int port() const;

  // Whether somebody who connects is served; see front::Acceptor. Any thread may ask.
  absl::Status Health() const;

  // Of its connections. Any thread may ask.
  front::ConnectionCounts::Totals connections() const;

  // Says NOT_SERVING, takes no new calls, lets those under way end within
  // `drain`, cancels the rest and returns when all have ended. Who waits without a thread
  // (operations, watches) should be released before, or is waited for until `drain` is over.
  void Stop(std::chrono::milliseconds drain);

 private:
  // Hides gRPC's own types, which take long to compile.
  class Impl;
  explicit GrpcServer(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_GRPC_SERVER_H_
