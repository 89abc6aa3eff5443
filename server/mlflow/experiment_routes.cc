#include <cctype>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "server/core/limits.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"
#include "server/mlflow/route_table.h"

namespace cairn::mlflow {
namespace {

using gateway::JsonText;

// The resource name of an experiment, from a field that must be there. Ids of MLflow's own store
// are integers.
std::string NameOfExperiment(const Fields& fields) {
  const std::string id = fields.RequiredId("experiment_id");
  const bool negative = id.starts_with('-');
  const std::string_view digits = std::string_view(id).substr(negative ? 1 : 0);
  const bool number = !digits.empty() && digits.find_first_not_of("0123456789") == digits.npos;
  if (!id.empty() && !number) {
    fields.Refuse(InvalidText(id, "experiment_id", "must be an integer"));
  } else if (negative || digits.size() > 18) {
    fields.Refuse(Refuse(kNotExists, fmt::format("No Experiment with id={} exists", id)));
  }
  return "experiments/" + id;
}

absl::Status ErrorOfExperiment(const std::string& name, const absl::Status& error) {
  if (HasReason(error, ErrorReason::EXPERIMENT_NOT_FOUND)) {
    return Refuse(kNotExists, fmt::format("No Experiment with id={} exists", ExperimentIdOf(name)));
  }
  return error;
}

std::string ReplyOf(const v1::Experiment& experiment) {
  JsonText json;
  json.Begin('{').Key("experiment");
  WriteExperiment(experiment, json);
  json.End('}');
  return json.Take();
}

// Files of an experiment are at one place, which goes by its number. Where a client asks for
// another one it would look there for what was never put there.
void RefusePlace(const Fields& fields) {
  const std::string place = fields.Text("artifact_location");
  if (place.empty()) return;
  fields.Refuse(InvalidText(place, "artifact_location",
                            "must be left out: this server keeps the files of an experiment "
                            "itself, at mlflow-artifacts:/EXPERIMENT_ID"));
}

Task<Reply> CreateExperiment(Session& session, const Fields& fields) {
  v1::CreateExperimentRequest create;
  create.mutable_experiment()->set_display_name(fields.Required("name"));
  for (const Fields& tag : fields.Items("tags")) {
    (*create.mutable_experiment()->mutable_tags())[tag.Required("key")] = tag.Text("value");
  }
  RefusePlace(fields);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const std::string name = create.experiment().display_name();
  const auto made = co_await session.Call(session.rows().create_experiment, std::move(create));
  if (HasReason(made.status(), ErrorReason::EXPERIMENT_EXISTS)) {
    co_return Refuse(
        kAlreadyExists,
        fmt::format("Experiment(name={}) already exists. If it is deleted, restore it, "
                    "or remove it for good.",
                    name));
  }
  if (!made.ok()) co_return made.status();
  JsonText json;
  json.Begin('{').Key("experiment_id").Text(ExperimentIdOf(made->name())).End('}');
  co_return json.Take();
}

Task<Reply> GetExperiment(Session& session, const Fields& fields) {
  v1::GetExperimentRequest get;
  get.set_name(NameOfExperiment(fields));
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const std::string name = get.name();
  const auto found = co_await session.Call(session.rows().get_experiment, std::move(get));
  if (!found.ok()) co_return ErrorOfExperiment(name, found.status());
  co_return ReplyOf(*found);
}

Task<Reply> GetExperimentByName(Session& session, const Fields& fields) {
  const std::string name = fields.Required("experiment_name");
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  v1::GetExperimentRequest get;
  get.set_display_name(name);
  const auto found = co_await session.Call(session.rows().get_experiment, std::move(get));
  if (HasReason(found.status(), ErrorReason::EXPERIMENT_NOT_FOUND)) {
    co_return Refuse(kNotExists, fmt::format("Could not find experiment with name '{}'", name));
  }
  if (!found.ok()) co_return found.status();
  co_return ReplyOf(*found);
}

// MLflow says of a deleted one that it is not there.
Task<Reply> DeleteExperiment(Session& session, const Fields& fields) {
  v1::DeleteExperimentRequest change;
  change.set_name(NameOfExperiment(fields));
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const std::string name = change.name();
  const auto changed = co_await session.Call(session.rows().delete_experiment, std::move(change));
  if (HasReason(changed.status(), ErrorReason::EXPERIMENT_DELETED)) {
    co_return Refuse(kNotExists,
                     fmt::format("No active Experiment with id={} exists", ExperimentIdOf(name)));
  }
  if (!changed.ok()) co_return ErrorOfExperiment(name, changed.status());
  co_return std::string(kEmptyReply);
}

// Also those that were deleted one by one, as MLflow does.
Task<absl::Status> RestoreRuns(Session& session, const std::string& experiment) {
  v1::SearchRunsRequest search;
  search.add_parents(experiment);
  search.set_page_size(1000);
  search.set_show_deleted(true);
  search.mutable_read_mask()->add_paths("name");
  search.mutable_read_mask()->add_paths("delete_time");
  do {
    const auto page = co_await session.Call(session.rows().search_runs, search);
    if (!page.ok()) co_return page.status();
    for (const v1::Run& run : page->runs()) {
      if (!run.has_delete_time()) continue;
      v1::UndeleteRunRequest restore;
      restore.set_name(run.name());
      const auto done = co_await session.Call(session.rows().undelete_run, std::move(restore));
      if (!done.ok() && !HasReason(done.status(), ErrorReason::NOT_DELETED)) {
        co_return done.status();
      }
    }
    search.set_page_token(page->next_page_token());
  } while (!search.page_token().empty());
  co_return absl::OkStatus();
}

// The runs come first: whoever asks again after a break finds the experiment deleted, and goes on.
Task<Reply> RestoreExperiment(Session& session, const Fields& fields) {
  v1::UndeleteExperimentRequest change;
  change.set_name(NameOfExperiment(fields));
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const std::string name = change.name();
  change.set_validate_only(true);
  const auto allowed = co_await session.Call(session.rows().undelete_experiment, change);
  if (allowed.ok()) CAIRN_CO_RETURN_IF_ERROR(co_await RestoreRuns(session, name));
  change.set_validate_only(false);
  const auto changed = co_await session.Call(session.rows().undelete_experiment, std::move(change));
  if (HasReason(changed.status(), ErrorReason::NOT_DELETED)) {
    co_return Refuse(kNotExists,
                     fmt::format("No deleted Experiment with id={} exists", ExperimentIdOf(name)));
  }
  if (!changed.ok()) co_return ErrorOfExperiment(name, changed.status());
  co_return std::string(kEmptyReply);
}

// The experiment, if it is not deleted: calls of Cairn change a deleted one too.
Task<absl::StatusOr<v1::Experiment>> GetActive(Session& session, std::string name) {
  v1::GetExperimentRequest get;
  get.set_name(name);
  auto found = co_await session.Call(session.rows().get_experiment, std::move(get));
  if (!found.ok()) co_return ErrorOfExperiment(name, found.status());
  if (found->has_delete_time()) {
    co_return Refuse(
        kInvalidParameter,
        fmt::format("The experiment {} must be in the 'active' state. Current state is "
                    "deleted.",
                    ExperimentIdOf(name)));
  }
  co_return std::move(found);
}

Task<Reply> Update(Session& session, v1::UpdateExperimentRequest update) {
  const std::string name = update.experiment().name();
  const std::string new_name = update.experiment().display_name();
  const auto changed = co_await session.Call(session.rows().update_experiment, std::move(update));
  if (HasReason(changed.status(), ErrorReason::EXPERIMENT_EXISTS)) {
    co_return Refuse(kBadRequest, fmt::format("Experiment(name={}) already exists.", new_name));
  }
  if (!changed.ok()) co_return ErrorOfExperiment(name, changed.status());
  co_return std::string(kEmptyReply);
}

Task<Reply> UpdateExperiment(Session& session, const Fields& fields) {
  v1::UpdateExperimentRequest update;
  update.mutable_experiment()->set_name(NameOfExperiment(fields));
  update.mutable_experiment()->set_display_name(fields.Required("new_name"));
  update.mutable_update_mask()->add_paths("display_name");
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const auto active = co_await GetActive(session, update.experiment().name());
  if (!active.ok()) co_return active.status();
  co_return co_await Update(session, std::move(update));
}

Task<Reply> SetExperimentTag(Session& session, const Fields& fields) {
  v1::UpdateExperimentRequest update;
  update.mutable_experiment()->set_name(NameOfExperiment(fields));
  const std::string key = fields.Required("key");
  (*update.mutable_experiment()->mutable_tags())[key] =
      Truncated(fields.Text("value"), limits::kExperimentTagValueBytes);
  update.mutable_update_mask()->add_paths("tags." + key);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const auto active = co_await GetActive(session, update.experiment().name());
  if (!active.ok()) co_return active.status();
  co_return co_await Update(session, std::move(update));
}

Task<Reply> DeleteExperimentTag(Session& session, const Fields& fields) {
  v1::UpdateExperimentRequest update;
  update.mutable_experiment()->set_name(NameOfExperiment(fields));
  const std::string key = fields.Required("key");
  update.mutable_update_mask()->add_paths("tags." + key);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const auto active = co_await GetActive(session, update.experiment().name());
  if (!active.ok()) co_return active.status();
  if (!active->tags().contains(key)) {
    co_return Refuse(kNotExists, fmt::format("No tag with name: {} in experiment with id {}", key,
                                             ExperimentIdOf(active->name())));
  }
  co_return co_await Update(session, std::move(update));
}

}  // namespace

std::vector<RouteRow> ExperimentRoutes() {
  return {
      {"POST", "/experiments/create", CreateExperiment, /*makes=*/true},
      {"GET", "/experiments/get", GetExperiment},
      {"GET", "/experiments/get-by-name", GetExperimentByName},
      {"POST", "/experiments/delete", DeleteExperiment},
      {"POST", "/experiments/restore", RestoreExperiment},
      {"POST", "/experiments/update", UpdateExperiment},
      {"POST", "/experiments/set-experiment-tag", SetExperimentTag},
      {"POST", "/experiments/delete-experiment-tag", DeleteExperimentTag},
  };
}

}  // namespace cairn::mlflow
