#ifndef CAIRN_PIPELINE_SERVING_ROUTES_H_
#define CAIRN_PIPELINE_SERVING_ROUTES_H_

#include "absl/status/statusor.h"
#include "lib/http/router.h"
#include "pipeline/serving/prediction_service.h"

namespace cairn::pipeline::serving {

// Where each function of the service is reached, with the pages that describe it. The permission
// of those that predict is `predict`, of all others `read`. `service` must outlive the router.
//
//   POST /predict  POST /invocations
//   GET  /health  /ping  /version  /metrics  /requests  /openapi.json  /
//
// Quick routes run on the threads of the server; /requests, which may write a hundred thousand
// rows, on its worker.
absl::StatusOr<http::Router> MakeRoutes(PredictionService& service);

}  // namespace cairn::pipeline::serving

#endif  // CAIRN_PIPELINE_SERVING_ROUTES_H_
