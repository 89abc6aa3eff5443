#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/alias_names.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"
#include "server/mlflow/registry_calls.h"
#include "server/mlflow/route_table.h"

namespace cairn::mlflow {
namespace {

// Checked before a policy is asked: a promotion is for good, and is not to be made for an alias
// that cannot be set.
Task<Reply> SetAlias(Session& session, const Fields& fields) {
  const VersionField version = RequiredVersion(fields);
  const std::string alias = fields.Required("alias");
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  v1::SetAliasRequest set;
  set.mutable_alias()->set_name(AliasName(version.model, alias));
  set.mutable_alias()->set_version(version.number);
  v1::SetAliasRequest check = set;
  check.set_validate_only(true);
  const auto checked = co_await session.Call(session.rows().set_alias, std::move(check));
  if (HasReason(checked.status(), ErrorReason::MODEL_NOT_FOUND)) {
    co_return ErrorOfModel(version.model, checked.status());
  }
  if (!checked.ok()) co_return ErrorOfVersion(version, checked.status());
  CAIRN_CO_RETURN_IF_ERROR(co_await AskPolicies(session, version, alias, /*any_case=*/false));
  const auto moved = co_await session.Call(session.rows().set_alias, std::move(set));
  if (!moved.ok()) co_return ErrorOfVersion(version, moved.status());
  co_return std::string(kEmptyReply);
}

Task<Reply> DeleteAlias(Session& session, const Fields& fields) {
  const std::string name = fields.Required("name");
  v1::DeleteAliasRequest change;
  change.set_name(AliasName(name, fields.Required("alias")));
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const auto deleted = co_await session.Call(session.rows().delete_alias, std::move(change));
  if (deleted.ok()) co_return std::string(kEmptyReply);
  if (!HasReason(deleted.status(), ErrorReason::ALIAS_NOT_FOUND)) co_return deleted.status();
  const auto model = co_await GetModel(session, name);
  if (!model.ok()) co_return model.status();
  co_return std::string(kEmptyReply);
}

Task<Reply> GetByAlias(Session& session, const Fields& fields) {
  const std::string name = fields.Required("name");
  const std::string alias = fields.Required("alias");
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const bool latest = AsciiLower(alias) == kLatestAlias;
  v1::GetModelVersionRequest get;
  get.set_name(latest ? ModelName(name) + "/versions/latest" : AliasName(name, alias));
  const auto found = co_await session.Call(session.rows().get_model_version, std::move(get));
  if (HasReason(found.status(), ErrorReason::ALIAS_NOT_FOUND)) {
    co_return Refuse(kInvalidParameter,
                     fmt::format("Registered model alias {} not found.", Shortened(alias, 300)));
  }
  if (HasReason(found.status(), ErrorReason::MODEL_VERSION_NOT_FOUND)) {
    co_return Refuse(kNotExists,
                     fmt::format("The latest version of model {} was not found: it has none.",
                                 Shortened(name, 300)));
  }
  if (!found.ok()) co_return ErrorOfModel(name, found.status());
  const VersionField version = {name, NumberOf(*found)};
  co_return co_await VersionReply(session, version);
}

}  // namespace

std::vector<RouteRow> AliasRoutes() {
  return {
      {"POST", "/registered-models/alias", SetAlias},
      {"DELETE", "/registered-models/alias", DeleteAlias},
      {"GET", "/registered-models/alias", GetByAlias},
  };
}

}  // namespace cairn::mlflow
