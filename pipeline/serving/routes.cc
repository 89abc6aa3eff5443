#include "pipeline/serving/routes.h"

#include <utility>
#include <vector>

#include "pipeline/serving/api_page.h"

namespace cairn::pipeline::serving {
namespace {

http::Route Get(std::string pattern, http::Handler handler) {
  http::Route route;
  route.method = "GET";
  route.pattern = std::move(pattern);
  route.permission = "read";
  route.handler = std::move(handler);
  return route;
}

http::Route Post(std::string pattern, std::string body_type, http::Handler handler) {
  http::Route route;
  route.method = "POST";
  route.pattern = std::move(pattern);
  route.permission = "predict";
  route.handler = std::move(handler);
  route.body_type = std::move(body_type);
  return route;
}

}  // namespace

absl::StatusOr<http::Router> MakeRoutes(PredictionService& service) {
  using http::Request;
  std::vector<http::Route> routes;
  routes.push_back(Post("/predict", "application/json",
                        [&](const Request& request) { return service.Predict(request); }));
  routes.push_back(Post("/invocations", "",
                        [&](const Request& request) { return service.Invocations(request); }));
  routes.push_back(Get("/health", [&](const Request&) { return service.Health(); }));
  routes.push_back(Get("/ping", [&](const Request&) { return service.Ping(); }));
  routes.push_back(Get("/version", [&](const Request&) { return service.Version(); }));
  routes.push_back(Get("/metrics", [&](const Request&) { return service.Metrics(); }));
  routes.push_back(Get("/openapi.json", [&](const Request&) {
    return http::JsonResponse(OpenApiJson(service.model().get(), service.options().max_instances));
  }));
  routes.push_back(Get("/", [&](const Request&) {
    return http::TextResponse(ApiPage(service.model().get()), "text/html; charset=utf-8");
  }));
  http::Route requests =
      Get("/requests", [&](const Request& request) { return service.Requests(request); });
  requests.slow = true;
  routes.push_back(std::move(requests));
  return http::Router::Create(std::move(routes));
}

}  // namespace cairn::pipeline::serving
