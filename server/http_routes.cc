#include "server/http_routes.h"

#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/version.h"
#include "lib/http/shared_text.h"
#include "nlohmann/json.hpp"
#include "server/auth/access_control.h"
#include "server/calls/call_record.h"
#include "server/gateway/connect_codec.h"
#include "server/gateway/connect_routes.h"
#include "server/mlflow/route_table.h"
#include "server/service/authorize.h"
#include "server/storage/store_directory.h"
#include "server/ui/ui_routes.h"

namespace cairn {
namespace {

constexpr std::string_view kHealthPermission = "server.health";

constexpr const char* kPrometheusType = "text/plain; version=0.0.4; charset=utf-8";
constexpr int kServiceUnavailable = 503;

http::Response Health(const HttpSources& sources) {
  absl::Status health = sources.store.Health();
  if (health.ok()) health = sources.grpc.Health();
  nlohmann::ordered_json body;
  body["status"] = health.ok() ? "ok" : "unhealthy";
  if (!health.ok()) {
    body["reason"] = ReasonOf(health);
    body["message"] = std::string(health.message());
  }
  return http::JsonResponse(body.dump(), health.ok() ? 200 : kServiceUnavailable);
}

http::Response Version() {
  nlohmann::ordered_json body;
  body["version"] = std::string(kVersion);
  body["storeFormat"] = storage::kFormatVersion;
  return http::JsonResponse(body.dump());
}

// What the process holds in memory, in bytes; 0 where the system does not tell.
int64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t total = 0;
  int64_t resident = 0;
  statm >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

std::string Gauge(std::string_view name, std::string_view help, int64_t value) {
  return fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n{0} {2}\n", name, help, value);
}

// Those that wait for their turn with a channel, and how long they did.
std::string Promotions(const calls::SerialQueue::Totals& totals) {
  constexpr const char* kWait = "cairn_promotion_wait_seconds";
  return Gauge("cairn_promotions_waiting", "Promotions that wait for their turn.", totals.waiting) +
         Gauge("cairn_promotion_channels", "Channels that are promoted to now.", totals.under_way) +
         Gauge("cairn_promotions_refused",
               "Promotions refused since the start because too many waited.", totals.refused) +
         Gauge("cairn_promotions_gone",
               "Promotions since the start whose caller left while they waited.", totals.gone) +
         fmt::format(
             "# HELP {0} Time that promotions waited for their turn.\n# TYPE {0} summary\n"
             "{0}_sum {1}\n{0}_count {2}\n",
             kWait, ShortestDouble(totals.waited_seconds), totals.begun);
}

std::string Metrics(const HttpSources& sources) {
  const front::ConnectionCounts::Totals connections = sources.grpc.connections();
  const std::string own =
      Gauge("cairn_store_revision", "The store's newest revision.",
            sources.store.GetSnapshot()->revision()) +
      Gauge("cairn_store_healthy", "1 while the store takes writes.",
            sources.store.Health().ok() ? 1 : 0) +
      Gauge("cairn_metric_unfolded_bytes",
            "About how many bytes of metric points wait to be folded.",
            sources.metric_compactor.waiting_bytes()) +
      Gauge("cairn_metric_folded_points", "Metric points folded since the start.",
            sources.metric_compactor.folded_points()) +
      Gauge("cairn_run_index_bytes", "Memory of the index of runs.",
            static_cast<int64_t>(sources.run_searcher.memory_bytes())) +
      Gauge("cairn_damaged_runs",
            "Runs and experiments found to have a damaged record since the start.",
            static_cast<int64_t>(sources.run_searcher.damaged_count())) +
      Gauge("cairn_grpc_connections", "Open connections to the gRPC port.", connections.open) +
      Gauge("cairn_grpc_connections_refused",
            "Connections to the gRPC port that were refused since the start.",
            connections.refused) +
      Gauge("cairn_grpc_connections_cut",
            "Connections to the gRPC port that were cut for misuse since the start.",
            connections.cut) +
      Gauge("cairn_http_connections", "Open connections to the HTTP port.",
            sources.connections.totals().open) +
      Gauge("cairn_http_connections_refused",
            "Connections to the HTTP port that were refused since the start.",
            sources.connections.totals().refused) +
      Promotions(sources.promotions.totals()) +
      Gauge("process_resident_memory_bytes", "Resident memory of the process.", ResidentBytes());
  return own + sources.calls.ToPrometheusText();
}

// Names of methods have a slash.
bool IsOwnAndGuarded(std::string_view permission) {
  return permission.starts_with("server.") && permission != kHealthPermission;
}

}  // namespace

http::Authorizer MakeHttpAuthorizer(const calls::Environment& environment) {
  if (environment.access == nullptr) return nullptr;
  return [&environment](const http::Request& request, std::string_view permission) {
    if (!IsOwnAndGuarded(permission)) return absl::OkStatus();
    service::Caller caller;
    caller.now_unix_nanos = environment.clock.NowUnixNanos();
    const std::string* authorization = request.Header("authorization");
    calls::Identify(environment,
                    gateway::BearerForm(authorization == nullptr ? "" : *authorization),
                    request.certificate, "", caller);
    CAIRN_RETURN_IF_ERROR(service::CheckIdentity(environment.access, caller));
    return environment.access->Authorize(*caller.identity, v1::READ, {});
  };
}

absl::StatusOr<http::Router> MakeHttpRouter(const HttpSources& sources) {
  std::vector<http::Route> routes =
      gateway::ConnectRoutes(sources.environment, sources.methods, sources.arrival);
  CAIRN_ASSIGN_OR_RETURN(auto mlflow_routes,
                         mlflow::MlflowRoutes(sources.environment, sources.methods,
                                              {.webhooks = &sources.webhooks,
                                               .tls = sources.tls,
                                               .upload_seconds = sources.upload_seconds}));
  for (http::Route& route : mlflow_routes) routes.push_back(std::move(route));
  routes.push_back({"GET", "/health", std::string(kHealthPermission),
                    [sources](const http::Request&) { return Health(sources); }});
  routes.push_back(
      {"GET", "/version", "server.version", [](const http::Request&) { return Version(); }});
  http::Route metrics{"GET", "/metrics", "server.metrics", nullptr};
  metrics.handler = [text = std::make_shared<http::SharedText>(
                         [sources] { return Metrics(sources); })](const http::Request& request) {
    return http::TextResponse(*text->Get(request.received), kPrometheusType);
  };
  metrics.slow = true;
  routes.push_back(std::move(metrics));
  for (http::Route& route : ui::UiRoutes(ui::UiFiles())) routes.push_back(std::move(route));
  return http::Router::Create(std::move(routes));
}

}  // namespace cairn
