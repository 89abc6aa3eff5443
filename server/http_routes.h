#ifndef CAIRN_SERVER_HTTP_ROUTES_H_
#define CAIRN_SERVER_HTTP_ROUTES_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "lib/http/dispatcher.h"
#include "lib/http/router.h"
#include "server/calls/environment.h"
#include "server/front/connection_counts.h"
#include "server/gateway/connect_routes.h"
#include "server/metrics/metric_compactor.h"
#include "server/observability/call_metrics.h"
#include "server/rpc/grpc_server.h"
#include "server/service/method_table.h"
#include "server/storage/kv_store.h"
#include "server/tracking/run_searcher.h"
#include "server/webhooks/deliverer.h"

namespace cairn {

// The routes every server has from the start:
//   GET /health   200 `{"status":"ok"}`, or 503 with the reason when the store
//                 takes no writes or the gRPC port no connections
//   GET /version  the release and the store's format, as JSON
//   GET /metrics  Prometheus text
// and those of gateway::ConnectRoutes, and mlflow::MlflowRoutes, for the methods of the table, and
// of ui::UiRoutes.
//
// /health is open to everybody; of the two after it the server that asks callers who they are lets
// those see who may READ it as a whole.
//
// What they report from must outlive the router.
struct HttpSources {
  const storage::KvStore& store;
  const observability::CallMetrics& calls;
  const metrics::MetricCompactor& metric_compactor;
  const tracking::RunSearcher& run_searcher;
  const rpc::GrpcServer& grpc;
  const calls::SerialQueue& promotions;
  calls::Environment& environment;
  const service::MethodTable& methods;
  webhooks::Deliverer& webhooks;
  gateway::ArrivalLimits arrival;
  const front::ConnectionCounts& connections;  // of the HTTP port
  bool tls;                                    // which that port speaks
  int64_t upload_seconds;                      // how long an upload in parts may take
};
absl::StatusOr<http::Router> MakeHttpRouter(const HttpSources& sources);

// Decides that for the server's own routes; ConnectRoutes ask for themselves. `environment`
// outlives it. UNAUTHENTICATED or PERMISSION_DENIED, as AccessControl says.
http::Authorizer MakeHttpAuthorizer(const calls::Environment& environment);

}  // namespace cairn

#endif  // CAIRN_SERVER_HTTP_ROUTES_H_
