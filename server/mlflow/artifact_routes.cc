#include <string>
#include <utility>
#include <vector>

#include "server/mlflow/artifact_call.h"
#include "server/mlflow/artifact_path.h"
#include "server/mlflow/artifact_tree.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"
#include "server/mlflow/route_table.h"

namespace cairn::mlflow {
namespace {

using gateway::JsonText;

Task<Reply> ListArtifacts(Session& session, const Fields& fields) {
  const std::string run_id = fields.RequiredRunId();
  const auto directory = ArtifactPathOf(fields.Text("path"));
  if (!directory.ok()) fields.Refuse(directory.status());
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const auto name = co_await session.NameOfRun(run_id);
  if (!name.ok()) co_return name.status();
  const auto entries = co_await ListDirectory(session, *name, *directory);
  if (!entries.ok()) co_return session.ErrorOfRun(run_id, entries.status());
  v1::Run run;
  run.set_name(*name);
  run.set_uid(run_id);
  JsonText json;
  json.Begin('{').Key("root_uri").Text(ArtifactUriOf(run));
  WriteFiles(*entries, 0, json);
  json.End('}');
  co_return json.Take();
}

// As MLflow of runs whose files go through the proxy, and all do here: the client takes that way.
Task<Reply> RefusePresigned(Session& session, const Fields& fields) {
  static_cast<void>(session);
  fields.Required("run_id");
  fields.Required("path");
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  co_return Refuse(kInvalidParameter,
                   "Presigned URLs of another store are not there: artifacts have the scheme "
                   "mlflow-artifacts, and go through the server.");
}

// Of the proxy: names without what is before them.
Task<Reply> ListProxied(Session& session, const Fields& fields) {
  const auto place = ArtifactPlaceOf(fields.Text("path"));
  CAIRN_CO_RETURN_IF_ERROR(place.status());
  CAIRN_CO_RETURN_IF_ERROR(co_await CheckPlace(session, *place));
  const auto entries = co_await ListDirectory(session, place->run_name, place->path);
  if (!entries.ok()) co_return session.ErrorOfRun(place->run_id, entries.status());
  JsonText json;
  json.Begin('{');
  WriteFiles(*entries, place->path.empty() ? 0 : place->path.size() + 1, json);
  json.End('}');
  co_return json.Take();
}

}  // namespace

std::vector<RouteRow> ArtifactRoutes() {
  return {{"GET", "/artifacts/list", ListArtifacts},
          {"POST", "/artifacts/presigned-upload-url", RefusePresigned},
          {"POST", "/artifacts/presigned-download-url", RefusePresigned}};
}

std::vector<RouteRow> ProxyRoutes() { return {{"GET", "/artifacts", ListProxied}}; }

}  // namespace cairn::mlflow
