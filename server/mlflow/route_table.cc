#include "server/mlflow/route_table.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "server/core/limits.h"
#include "server/gateway/arrival.h"
#include "server/gateway/connect_head.h"
#include "server/mlflow/artifact_call.h"
#include "server/mlflow/error.h"
#include "server/mlflow/part_upload_routes.h"
#include "server/mlflow/served_call.h"
#include "server/mlflow/signed_download.h"
#include "server/service/authorize.h"

namespace cairn::mlflow {
namespace {

constexpr std::array kPrefixes = {"/api/2.0/mlflow", "/ajax-api/2.0/mlflow"};
// Where version 3 has most of what is new. Clients ask here what else a server does.
constexpr std::array kNewPrefixes = {"/api/3.0/mlflow", "/ajax-api/3.0/mlflow"};
constexpr const char* kServerInfo =
    R"({"store_type":null,"workspaces_enabled":false,"trace_archival_enabled":false,)"
    R"("multipart_uploads_enabled":false,"multipart_downloads_enabled":false})";
constexpr std::array kArtifactPrefixes = {"/api/2.0/mlflow-artifacts",
                                          "/ajax-api/2.0/mlflow-artifacts"};
constexpr std::array kVerbs = {"GET", "POST", "PUT", "PATCH", "DELETE"};

std::vector<RouteRow> AllRows() {
  std::vector<RouteRow> rows;
  for (const auto& part :
       {ExperimentRoutes(), RunRoutes(), LoggingRoutes(), SearchRoutes(), MetricRoutes(),
        ArtifactRoutes(), LoggedModelRoutes(), LoggedModelSearchRoutes(), ModelRoutes(),
        AliasRoutes(), VersionRoutes(), RegistrationRoutes(), StageRoutes(), RegistrySearchRoutes(),
        WebhookRoutes()}) {
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

// Who pays for a large body; who is not known sends none.
absl::StatusOr<std::string> AdmitBody(const calls::Environment& environment,
                                      const http::Request& head) {
  const service::Caller caller =
      gateway::CallerOf(environment, head, std::nullopt, [] { return false; });
  CAIRN_RETURN_IF_ERROR(service::CheckIdentity(environment.access, caller));
  return gateway::HolderOf(environment, caller);
}

http::Route ServingRoute(const std::shared_ptr<Gateway>& gateway, const RouteRow& row,
                         const std::string& prefix) {
  http::Route route{row.verb, prefix + row.path, fmt::format("mlflow{}", row.path), nullptr};
  route.body_type = "";  // Request says which
  route.max_body_bytes = limits::kMessageBytes;
  route.async = [gateway, row](http::Request request, const http::Responder& responder) {
    ServedCall::Begin(gateway, row, std::move(request), responder);
  };
  route.admit = [gateway](const http::Request& head) {
    return AdmitBody(gateway->environment, head);
  };
  route.refuse = [](const http::Request&, const absl::Status& why) {
    return ErrorAnswer(gateway::RefusalOf(why));
  };
  return route;
}

http::Response NoEndpoint(const http::Request& request) {
  return ErrorAnswer(
      Refuse(kNoEndpoint, fmt::format("There is no {} endpoint at this path.", request.method)));
}

http::Response OtherVerb(const std::string& allowed) {
  http::Response response =
      ErrorAnswer(Refuse(kBadRequest, fmt::format("This path is for {} only.", allowed)));
  response.status = 405;
  response.headers.push_back({"Allow", allowed});
  return response;
}

void AddAnswer(std::vector<http::Route>& routes, const std::string& verb,
               const std::string& pattern, http::Handler answer) {
  http::Route route{verb, pattern, "mlflow", std::move(answer)};
  route.body_type = "";
  routes.push_back(std::move(route));
}

// The verbs that a path is not for: the router would take them to what is below the prefix.
void AddOtherVerbs(const std::vector<RouteRow>& rows, const std::string& prefix,
                   std::vector<http::Route>& routes) {
  std::set<std::string> done;
  for (const RouteRow& row : rows) {
    if (!done.insert(row.path).second) continue;
    std::set<std::string> own;
    for (const RouteRow& other : rows) {
      if (std::string_view(other.path) == row.path) own.insert(other.verb);
    }
    const std::string allowed = fmt::format("{}", fmt::join(own, ", "));
    for (const std::string verb : kVerbs) {
      if (own.count(verb) > 0) continue;
      AddAnswer(routes, verb, prefix + row.path,
                [allowed](const http::Request&) { return OtherVerb(allowed); });
    }
  }
}

http::Route StreamRoute(const std::shared_ptr<Gateway>& gateway, const std::string& verb,
                        const std::string& pattern, ArtifactCall::Handler handler) {
  http::Route route{verb, pattern, "mlflow/artifact", nullptr};
  route.body_type = "";  // any file
  route.stream = [gateway, handler](http::Request request,
                                    std::shared_ptr<http::Exchange> exchange) {
    ArtifactCall::Begin(gateway, handler, std::move(request), std::move(exchange));
  };
  route.refuse = [](const http::Request&, const absl::Status& why) {
    return ErrorAnswer(gateway::RefusalOf(why));
  };
  return route;
}

void AddRest(const std::string& prefix, std::vector<http::Route>& routes) {
  for (const std::string verb : kVerbs) AddAnswer(routes, verb, prefix + "/{rest=**}", NoEndpoint);
}

// The proxy that clients send files to and get them from.
void AddProxy(const std::shared_ptr<Gateway>& gateway, const std::string& prefix,
              std::vector<http::Route>& routes) {
  const std::string file = prefix + "/artifacts/{path=**}";
  routes.push_back(StreamRoute(gateway, "GET", file, DownloadArtifact));
  routes.push_back(StreamRoute(gateway, "PUT", file, UploadArtifact));
  routes.push_back(StreamRoute(gateway, "DELETE", file, DeleteArtifact));
  for (const RouteRow& row : ProxyRoutes()) routes.push_back(ServingRoute(gateway, row, prefix));
  for (const auto& [step, handler] :
       std::initializer_list<std::pair<const char*, ArtifactCall::Handler>>{
           {"create", CreateUpload}, {"complete", CompleteUpload}, {"abort", AbortUpload}}) {
    routes.push_back(StreamRoute(gateway, "POST",
                                 fmt::format("{}/mpu/{}/{{directory=**}}", prefix, step), handler));
  }
  http::Route part =
      StreamRoute(gateway, "PUT", prefix + "/mpu/part/{upload_id}/{part_number}", nullptr);
  part.stream = [gateway](http::Request request, std::shared_ptr<http::Exchange> exchange) {
    BeginPart(gateway, std::move(request), std::move(exchange));
  };
  routes.push_back(std::move(part));
  routes.push_back(StreamRoute(gateway, "GET", prefix + "/presigned/{path=**}", PresignDownload));
  http::Route opened = StreamRoute(gateway, "GET", prefix + "/signed/{path=**}", nullptr);
  opened.stream = [gateway](http::Request request, std::shared_ptr<http::Exchange> exchange) {
    BeginSignedDownload(gateway, std::move(request), std::move(exchange));
  };
  routes.push_back(std::move(opened));
  AddRest(prefix, routes);
}

}  // namespace

absl::StatusOr<std::vector<http::Route>> MlflowRoutes(calls::Environment& environment,
                                                      const service::MethodTable& methods,
                                                      const MlflowOptions& options) {
  CAIRN_ASSIGN_OR_RETURN(Rows found, Rows::Find(methods));
  const std::shared_ptr<Gateway> gateway(
      new Gateway{.environment = environment, .rows = found, .places = {}, .options = options});
  const std::vector<RouteRow> rows = AllRows();
  std::vector<http::Route> routes;
  for (const std::string prefix : kPrefixes) {
    for (const RouteRow& row : rows) routes.push_back(ServingRoute(gateway, row, prefix));
    routes.push_back(StreamRoute(
        gateway, "GET", prefix + "/logged-models/{model_id}/artifacts/files", DownloadOfModel));
    AddOtherVerbs(rows, prefix, routes);
    AddRest(prefix, routes);
  }
  for (const std::string prefix : kArtifactPrefixes) AddProxy(gateway, prefix, routes);
  routes.push_back(StreamRoute(gateway, "GET", "/get-artifact", DownloadByQuery));
  for (const std::string prefix : kNewPrefixes) {
    AddAnswer(routes, "GET", prefix + "/server-info",
              [](const http::Request&) { return http::JsonResponse(kServerInfo); });
    AddRest(prefix, routes);
  }
  return routes;
}

}  // namespace cairn::mlflow
