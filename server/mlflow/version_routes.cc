#include <string>
#include <utility>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"
#include "server/mlflow/registry_calls.h"
#include "server/mlflow/route_table.h"

namespace cairn::mlflow {
namespace {

using gateway::JsonText;

Task<Reply> GetModelVersion(Session& session, const Fields& fields) {
  const VersionField version = RequiredVersion(fields);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  co_return co_await VersionReply(session, version);
}

Task<Reply> GetDownloadUri(Session& session, const Fields& fields) {
  const VersionField version = RequiredVersion(fields);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const auto found = co_await GetVersion(session, version);
  if (!found.ok()) co_return found.status();
  JsonText json;
  json.Begin('{').Key("artifact_uri").Text(DownloadUriOf(*found)).End('}');
  co_return json.Take();
}

Task<Reply> ChangeVersion(Session& session, VersionField version,
                          v1::UpdateModelVersionRequest update) {
  update.mutable_model_version()->set_name(version.name());
  const auto changed =
      co_await session.Call(session.rows().update_model_version, std::move(update));
  if (!changed.ok()) co_return ErrorOfVersion(version, changed.status());
  co_return std::string(kEmptyReply);
}

Task<Reply> UpdateVersion(Session& session, const Fields& fields) {
  v1::UpdateModelVersionRequest update;
  const VersionField version = RequiredVersion(fields);
  update.mutable_model_version()->set_description(fields.Text("description"));
  update.mutable_update_mask()->add_paths("description");
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const auto changed = co_await ChangeVersion(session, version, std::move(update));
  if (!changed.ok()) co_return changed.status();
  co_return co_await VersionReply(session, version);
}

Task<Reply> SetVersionTag(Session& session, const Fields& fields) {
  v1::UpdateModelVersionRequest update;
  const VersionField version = RequiredVersion(fields);
  const std::string key = RequiredTagKey(fields);
  (*update.mutable_model_version()->mutable_tags())[key] = fields.Text("value");
  update.mutable_update_mask()->add_paths("tags." + key);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  co_return co_await ChangeVersion(session, version, std::move(update));
}

Task<Reply> DeleteVersionTag(Session& session, const Fields& fields) {
  v1::UpdateModelVersionRequest update;
  const VersionField version = RequiredVersion(fields);
  update.mutable_update_mask()->add_paths("tags." + RequiredTagKey(fields));
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  co_return co_await ChangeVersion(session, version, std::move(update));
}

// Whether the version may go: it may still have to be archived.
Task<absl::Status> CheckDeletable(Session& session, VersionField version) {
  v1::DeleteModelVersionRequest check;
  check.set_name(version.name());
  check.set_validate_only(true);
  const auto checked = co_await session.Call(session.rows().delete_model_version, std::move(check));
  if (HasReason(checked.status(), ErrorReason::ARCHIVE_FIRST)) co_return absl::OkStatus();
  if (!checked.ok()) co_return ErrorOfVersion(version, checked.status());
  co_return absl::OkStatus();
}

Task<absl::Status> RemoveAliases(Session& session, VersionField version,
                                 std::vector<std::string> aliases) {
  for (const std::string& alias : aliases) {
    v1::DeleteAliasRequest remove;
    remove.set_name(AliasName(version.model, alias));
    const auto removed = co_await session.Call(session.rows().delete_alias, std::move(remove));
    if (removed.ok() || HasReason(removed.status(), ErrorReason::ALIAS_NOT_FOUND)) continue;
    co_return removed.status();
  }
  co_return absl::OkStatus();
}

Task<absl::Status> PutBackAliases(Session& session, VersionField version,
                                  std::vector<std::string> aliases) {
  for (const std::string& alias : aliases) {
    v1::SetAliasRequest set;
    set.mutable_alias()->set_name(AliasName(version.model, alias));
    set.mutable_alias()->set_version(version.number);
    set.set_expected_version(0);  // unless somebody moved it meanwhile
    const auto done = co_await session.Call(session.rows().set_alias, std::move(set));
    if (!done.ok()) co_return done.status();
  }
  co_return absl::OkStatus();
}

// Its aliases go with it, as MLflow means it. Whether a channel keeps it is not told before they
// are gone, so they come back then.
Task<absl::Status> MakeDeletable(Session& session, VersionField version) {
  const auto found = co_await GetVersion(session, version);
  if (!found.ok()) co_return found.status();
  const std::vector<std::string> aliases(found->aliases().begin(), found->aliases().end());
  const absl::Status first = co_await CheckDeletable(session, version);
  const bool alias_only =
      HasReason(first, ErrorReason::MODEL_VERSION_IN_USE) && !MetadataOf(first, "alias").empty();
  if (!first.ok() && !alias_only) co_return first;
  absl::Status removed = co_await RemoveAliases(session, version, aliases);
  if (removed.ok()) removed = co_await CheckDeletable(session, version);
  if (!removed.ok()) {
    CAIRN_CO_RETURN_IF_ERROR(co_await PutBackAliases(session, version, aliases));
  }
  co_return std::move(removed);
}

Task<Reply> DeleteVersion(Session& session, const Fields& fields) {
  const VersionField version = RequiredVersion(fields);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  CAIRN_CO_RETURN_IF_ERROR(co_await MakeDeletable(session, version));
  v1::ArchiveModelVersionRequest archive;
  archive.set_name(version.name());
  const auto archived =
      co_await session.Call(session.rows().archive_model_version, std::move(archive));
  if (!archived.ok()) co_return ErrorOfVersion(version, archived.status());
  v1::DeleteModelVersionRequest remove;
  remove.set_name(version.name());
  const auto removed =
      co_await session.Call(session.rows().delete_model_version, std::move(remove));
  if (!removed.ok()) co_return ErrorOfVersion(version, removed.status());
  co_return std::string(kEmptyReply);
}

}  // namespace

std::vector<RouteRow> VersionRoutes() {
  return {
      {"GET", "/model-versions/get", GetModelVersion},
      {"GET", "/model-versions/get-download-uri", GetDownloadUri},
      {"PATCH", "/model-versions/update", UpdateVersion},
      {"POST", "/model-versions/set-tag", SetVersionTag},
      {"DELETE", "/model-versions/delete-tag", DeleteVersionTag},
      {"DELETE", "/model-versions/delete", DeleteVersion},
  };
}

}  // namespace cairn::mlflow
