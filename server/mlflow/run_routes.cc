#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "server/core/limits.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"
#include "server/mlflow/made_up_name.h"
#include "server/mlflow/route_table.h"
#include "server/mlflow/run_parents.h"
#include "server/mlflow/run_rename.h"
#include "server/mlflow/run_state.h"

namespace cairn::mlflow {
namespace {

using gateway::JsonText;

std::string ReplyOfRun(const v1::Run& run, const char* key,
                       void (*write)(const v1::Run&, JsonText&)) {
  JsonText json;
  json.Begin('{').Key(key);
  write(run, json);
  json.End('}');
  return json.Take();
}

// The run as it was asked for. The field run_name and its tag must agree.
v1::Run NewRunOf(const Fields& fields) {
  v1::Run run;
  run.set_user(fields.Text("user_id"));
  if (const auto start = fields.Int("start_time"); start.has_value()) {
    *run.mutable_start_time() = TimestampOf(*start);
  }
  std::string name = fields.Text("run_name");
  for (const Fields& tag : fields.Items("tags")) {
    const std::string key = tag.Required("key");
    std::string value = tag.Text("value");
    if (key != kRunNameTag) {
      (*run.mutable_tags())[key] = Truncated(std::move(value), limits::kRunTagValueBytes);
    } else if (!name.empty() && !value.empty() && name != value) {
      fields.Refuse(Refuse(kInvalidParameter,
                           "The field 'run_name' and the tag 'mlflow.runName' must not differ."));
    } else if (!value.empty()) {
      name = std::move(value);
    }
  }
  run.set_display_name(name.empty() ? MadeUpName() : name);
  return run;
}

Task<Reply> CreateRun(Session& session, const Fields& fields) {
  v1::CreateRunRequest create;
  const std::string experiment = fields.RequiredId("experiment_id");
  create.set_parent("experiments/" + experiment);
  *create.mutable_run() = NewRunOf(fields);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const auto made = co_await session.Call(session.rows().create_run, std::move(create));
  if (!made.ok()) co_return ErrorOfNewRun(experiment, made.status());
  co_return ReplyOfRun(*made, "run", WriteNewRun);
}

Task<Reply> GetRun(Session& session, const Fields& fields) {
  const std::string id = fields.RequiredRunId();
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const auto run = co_await GetShownRun(session, id);
  if (!run.ok()) co_return run.status();
  co_return ReplyOfRun(*run, "run", WriteRun);
}

Task<Reply> UpdateRun(Session& session, const Fields& fields) {
  const std::string id = fields.RequiredRunId();
  const auto name = fields.OptionalText("run_name");
  const auto state = StateOf(fields.Text("status"));  // what is none is passed over, as MLflow does
  const auto end_time = fields.Int("end_time");
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  auto run = co_await GetShownRun(session, id);
  if (run.ok() && run->has_delete_time()) {
    co_return Refuse(
        kInvalidParameter,
        fmt::format("The run {} must be in the 'active' state. Current state is deleted.", id));
  }
  if (run.ok() && state.has_value()) {
    run = co_await ChangeRunState(session, *std::move(run), *state, end_time);
  }
  if (run.ok() && name.has_value() && !name->empty()) {
    run = co_await RenameRun(session, run->name(), *name);
  }
  if (!run.ok()) co_return session.ErrorOfRun(id, run.status());
  co_return ReplyOfRun(*run, "run_info", WriteRunInfo);
}

// Deleting and restoring what is so already is fine.
Task<Reply> DeleteRun(Session& session, const Fields& fields) {
  const std::string id = fields.RequiredRunId();
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  auto name = co_await session.NameOfRun(id);
  if (!name.ok()) co_return name.status();
  v1::DeleteRunRequest change;
  change.set_name(*name);
  const auto changed = co_await session.Call(session.rows().delete_run, std::move(change));
  if (changed.ok() || HasReason(changed.status(), ErrorReason::RUN_DELETED)) {
    co_return std::string(kEmptyReply);
  }
  co_return session.ErrorOfRun(id, changed.status());
}

Task<Reply> RestoreRun(Session& session, const Fields& fields) {
  const std::string id = fields.RequiredRunId();
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  auto name = co_await session.NameOfRun(id);
  if (!name.ok()) co_return name.status();
  v1::UndeleteRunRequest change;
  change.set_name(*name);
  const auto changed = co_await session.Call(session.rows().undelete_run, std::move(change));
  if (changed.ok() || HasReason(changed.status(), ErrorReason::NOT_DELETED)) {
    co_return std::string(kEmptyReply);
  }
  co_return session.ErrorOfRun(id, changed.status());
}

Task<Reply> DeleteTag(Session& session, const Fields& fields) {
  const std::string id = fields.RequiredRunId();
  const std::string key = fields.Required("key");
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const auto run = co_await session.GetRun(id);
  if (!run.ok()) co_return run.status();
  const bool names = key == kRunNameTag;
  if (names ? run->display_name().empty() : !run->tags().contains(key)) {
    co_return Refuse(kNotExists, fmt::format("No tag with name: {} in run with id {}", key, id));
  }
  v1::UpdateRunRequest update;
  update.mutable_run()->set_name(run->name());
  update.mutable_update_mask()->add_paths(names ? "display_name" : "tags." + key);
  const auto changed = co_await session.Call(session.rows().update_run, std::move(update));
  if (!changed.ok()) co_return session.ErrorOfRun(id, changed.status());
  co_return std::string(kEmptyReply);
}

}  // namespace

std::vector<RouteRow> RunRoutes() {
  return {
      {"POST", "/runs/create", CreateRun, /*makes=*/true},
      {"GET", "/runs/get", GetRun},
      {"POST", "/runs/update", UpdateRun},
      {"POST", "/runs/delete", DeleteRun},
      {"POST", "/runs/restore", RestoreRun},
      {"POST", "/runs/delete-tag", DeleteTag},
  };
}

}  // namespace cairn::mlflow
