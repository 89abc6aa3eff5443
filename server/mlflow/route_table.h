#ifndef CAIRN_SERVER_MLFLOW_ROUTE_TABLE_H_
#define CAIRN_SERVER_MLFLOW_ROUTE_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/http/router.h"
#include "server/calls/environment.h"
#include "server/mlflow/options.h"
#include "server/mlflow/request.h"
#include "server/mlflow/session.h"
#include "server/mlflow/task.h"
#include "server/service/method_table.h"

namespace cairn::mlflow {

// The REST API that MLflow's clients speak, over the method table.
//
// A route turns the fields of a request into a few calls of rows, and their answers into JSON; it
// decides nothing about the store. What it may do follows from the rows that it calls: no route has
// a permission of its own, but those of webhooks, which have no rows and are for administrators.
// What is answered, in which turn and for whom is that of every transport.

// The body of an answer, JSON. Both arguments outlive the task.
using Reply = absl::StatusOr<std::string>;
using Handler = Task<Reply> (*)(Session& session, const Fields& fields);

// One line: `path` is what stands behind /api/2.0/mlflow and /ajax-api/2.0/mlflow.
struct RouteRow {
  const char* verb;
  const char* path;  // "/runs/create"; {name} in it is a field of the request
  Handler handler;
  // It makes something at each call, so that asking again for an answer that got lost must not be
  // another call (lost_answers.h).
  bool makes = false;
};

// Each file of routes has its table.
std::vector<RouteRow> ExperimentRoutes();
std::vector<RouteRow> RunRoutes();
std::vector<RouteRow> LoggingRoutes();
std::vector<RouteRow> SearchRoutes();
std::vector<RouteRow> MetricRoutes();
std::vector<RouteRow> ArtifactRoutes();
std::vector<RouteRow> LoggedModelRoutes();
std::vector<RouteRow> LoggedModelSearchRoutes();
std::vector<RouteRow> ModelRoutes();
std::vector<RouteRow> AliasRoutes();
std::vector<RouteRow> VersionRoutes();
std::vector<RouteRow> RegistrationRoutes();
std::vector<RouteRow> StageRoutes();
std::vector<RouteRow> RegistrySearchRoutes();
std::vector<RouteRow> WebhookRoutes();
// Below /api/2.0/mlflow-artifacts, which has routes that stream besides.
std::vector<RouteRow> ProxyRoutes();

// All of them, under both prefixes, with the proxy for artifacts (artifact_call.h). What else is
// asked for below these prefixes is 404 ENDPOINT_NOT_FOUND, which clients take as a sign to try an
// older way, or 405 for a path with another verb. Bodies above 64 KiB are bounded as those of
// gateway::ConnectRoutes are by the HTTP server; who is not known sends none. `environment` and
// `methods` outlive the routes and calls. INTERNAL (INTERNAL_FAULT): a row is missing.
absl::StatusOr<std::vector<http::Route>> MlflowRoutes(calls::Environment& environment,
                                                      const service::MethodTable& methods,
                                                      const MlflowOptions& options);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_ROUTE_TABLE_H_
