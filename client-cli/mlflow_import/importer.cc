#include "client-cli/mlflow_import/importer.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "client-cli/mlflow_import/limits.h"
#include "client-cli/mlflow_import/registry_importer.h"
#include "client-cli/mlflow_import/run_importer.h"
#include "client-cli/mlflow_import/run_mapping.h"
#include "fmt/format.h"
#include "lib/base/status_macros.h"

namespace cairn::mlflow_import {
namespace {

// One import, step by step.
class WholeImport {
 public:
  WholeImport(MlflowSource& source, client::Client* client, const ImportOptions& options,
              Report& report)
      : source_(source),
        client_(client),
        options_(options),
        report_(report),
        runs_(source, client, options, report) {}

  absl::Status Run() {
    CAIRN_ASSIGN_OR_RETURN(const std::vector<SourceExperiment> all, source_.Experiments());
    CAIRN_ASSIGN_OR_RETURN(const std::vector<SourceExperiment> chosen, Chosen(all));
    for (const SourceExperiment& experiment : chosen) {
      CAIRN_RETURN_IF_ERROR(ImportExperiment(experiment));
    }
    report_.Note("experiments are numbered anew, in Cairn's order; their names are kept");
    report_.Note("logged models, model versions and aliases are as old as their import");
    if (!options_.experiments.empty()) {
      report_.Note("registered models were left alone, as only some experiments were asked for");
      return absl::OkStatus();
    }
    if (!options_.artifacts) {
      report_.Note("files and registered models were left alone, as --no-artifacts asks for");
      return absl::OkStatus();
    }
    absl::Status status = RegistryImporter(source_, client_, options_, report_).Import();
    if (status.ok() || !IsOfOneThing(status)) return status;
    report_.LeaveOut("registered models", status);
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<std::vector<SourceExperiment>> Chosen(const std::vector<SourceExperiment>& all) {
    if (options_.experiments.empty()) return all;
    std::vector<SourceExperiment> chosen;
    for (const std::string& name : options_.experiments) {
      const auto found = std::find_if(
          all.begin(), all.end(), [&](const auto& experiment) { return experiment.name == name; });
      if (found == all.end()) {
        return absl::NotFoundError(fmt::format("{} has no experiment {}", source_.name(), name));
      }
      chosen.push_back(*found);
    }
    return chosen;
  }

  absl::Status ImportExperiment(const SourceExperiment& experiment) {
    absl::Status status = TryExperiment(experiment);
    if (status.ok() || !IsOfOneThing(status)) return status;
    report_.Compare(Counted::kExperiments, false, false);
    report_.LeaveOut("experiment " + experiment.name, status);
    return absl::OkStatus();
  }

  absl::Status TryExperiment(const SourceExperiment& experiment) {
    if (!experiment.unreadable.empty()) return absl::DataLossError(experiment.unreadable);
    std::string name;
    if (options_.dry_run) {
      ++report_.of(Counted::kExperiments).source;
      report_.of(Counted::kExperimentTags).source += static_cast<int64_t>(experiment.tags.size());
    } else {
      CAIRN_ASSIGN_OR_RETURN(name, Place(experiment));
    }
    CAIRN_RETURN_IF_ERROR(source_.ForEachRun(experiment, [&](SourceRun run) {
      // MLflow marks all runs of a deleted experiment; in Cairn the experiment's mark stands for
      // them, so that they come back with it.
      run.deleted = run.deleted && !experiment.deleted;
      return runs_.ImportRun(run, name);
    }));
    CAIRN_RETURN_IF_ERROR(source_.ForEachModel(
        experiment, [&](const SourceModel& model) { return runs_.ImportModel(model, name); }));
    if (options_.dry_run) return absl::OkStatus();
    if (experiment.deleted) {
      v1::DeleteExperimentRequest request;
      request.set_name(name);
      CAIRN_RETURN_IF_ERROR(client_->tracking().DeleteExperiment(request).status());
    }
    return Compare(experiment, name);
  }

  static v1::Experiment WantedOf(const SourceExperiment& experiment, Report& report) {
    v1::Experiment wanted;
    wanted.set_display_name(experiment.name);
    PutPairs(experiment.tags, kMostTextBytes, "tag", "experiment " + experiment.name, report,
             *wanted.mutable_tags());
    return wanted;
  }

  // The experiment of this name, made if there is none and taken back from a deletion that has to
  // wait; its resource name.
  absl::StatusOr<std::string> Place(const SourceExperiment& experiment) {
    const v1::Experiment wanted = WantedOf(experiment, report_);
    v1::GetExperimentRequest get;
    get.set_display_name(experiment.name);
    auto there = client_->tracking().GetExperiment(get);
    if (absl::IsNotFound(there.status())) {
      v1::CreateExperimentRequest create;
      *create.mutable_experiment() = wanted;
      there = client_->tracking().CreateExperiment(std::move(create));
    }
    if (!there.ok()) return there.status();
    if (there->has_delete_time()) {
      if (!experiment.deleted) {
        return absl::FailedPreconditionError(
            "it was deleted in Cairn; `mlctl restore experiment` first");
      }
      v1::UndeleteExperimentRequest request;
      request.set_name(there->name());
      CAIRN_ASSIGN_OR_RETURN(*there, client_->tracking().UndeleteExperiment(request));
    }
    v1::UpdateExperimentRequest update;
    for (const auto& [key, value] : wanted.tags()) {
      const auto known = there->tags().find(key);
      if (known != there->tags().end() && known->second == value) continue;
      (*update.mutable_experiment()->mutable_tags())[key] = value;
      update.mutable_update_mask()->add_paths("tags." + key);
    }
    if (update.has_update_mask()) {
      update.mutable_experiment()->set_name(there->name());
      CAIRN_RETURN_IF_ERROR(client_->tracking().UpdateExperiment(std::move(update)).status());
    }
    return there->name();
  }

  absl::Status Compare(const SourceExperiment& experiment, const std::string& name) {
    v1::GetExperimentRequest get;
    get.set_name(name);
    CAIRN_ASSIGN_OR_RETURN(const v1::Experiment there, client_->tracking().GetExperiment(get));
    report_.Compare(
        Counted::kExperiments, true,
        there.display_name() == experiment.name && there.has_delete_time() == experiment.deleted);
    for (const auto& [key, value] : experiment.tags) {
      const auto known = there.tags().find(key);
      const bool is_there = known != there.tags().end();
      report_.Compare(Counted::kExperimentTags, is_there, is_there && known->second == value);
    }
    return absl::OkStatus();
  }

  MlflowSource& source_;
  client::Client* const client_;
  const ImportOptions& options_;
  Report& report_;
  RunImporter runs_;
};

}  // namespace

absl::Status Import(MlflowSource& source, client::Client* client, const ImportOptions& options,
                    Report& report) {
  return WholeImport(source, client, options, report).Run();
}

}  // namespace cairn::mlflow_import
