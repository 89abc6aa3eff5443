#ifndef CAIRN_SERVER_HTTP_ROUTES_H_
#define CAIRN_SERVER_HTTP_ROUTES_H_

#include "absl/status/statusor.h"
#include "lib/http/router.h"
#include "server/observability/call_metrics.h"
#include "server/storage/kv_store.h"

namespace cairn {

// The routes every server has from the start:
//   GET /health   200 `{"status":"ok"}`, or 503 with the reason when the store
//                 takes no writes
//   GET /version  the release and the store's format, as JSON
//   GET /metrics  Prometheus text
//
// `store` and `metrics` must outlive the router.
absl::StatusOr<http::Router> MakeHttpRouter(const storage::KvStore& store,
                                            const observability::CallMetrics& metrics);

}  // namespace cairn

#endif  // CAIRN_SERVER_HTTP_ROUTES_H_
