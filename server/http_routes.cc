#include "server/http_routes.h"

#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/version.h"
#include "nlohmann/json.hpp"
#include "server/storage/store_directory.h"

namespace cairn {
namespace {

constexpr const char* kPrometheusType = "text/plain; version=0.0.4; charset=utf-8";
constexpr int kServiceUnavailable = 503;

http::Response Health(const storage::KvStore& store) {
  const absl::Status health = store.Health();
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

http::Response Metrics(const storage::KvStore& store, const observability::CallMetrics& metrics) {
  const std::string own = fmt::format(
      "# HELP cairn_store_revision The store's newest revision.\n"
      "# TYPE cairn_store_revision gauge\ncairn_store_revision {}\n"
      "# HELP cairn_store_healthy 1 while the store takes writes.\n"
      "# TYPE cairn_store_healthy gauge\ncairn_store_healthy {}\n",
      store.GetSnapshot()->revision(), store.Health().ok() ? 1 : 0);
  return http::TextResponse(own + metrics.ToPrometheusText(), kPrometheusType);
}

}  // namespace

absl::StatusOr<http::Router> MakeHttpRouter(const storage::KvStore& store,
                                            const observability::CallMetrics& metrics) {
  std::vector<http::Route> routes;
  routes.push_back({"GET", "/health", "server.health",
                    [&store](const http::Request&) { return Health(store); }});
  routes.push_back(
      {"GET", "/version", "server.version", [](const http::Request&) { return Version(); }});
  routes.push_back({"GET", "/metrics", "server.metrics",
                    [&store, &metrics](const http::Request&) { return Metrics(store, metrics); }});
  return http::Router::Create(std::move(routes));
}

}  // namespace cairn
