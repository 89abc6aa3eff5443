#include "client-cli/mlflow_import/run_importer.h"

#include <algorithm>
#include <utility>

#include "client-cli/mlflow_import/limits.h"
#include "client-cli/mlflow_import/run_mapping.h"
#include "fmt/format.h"
#include "google/protobuf/util/message_differencer.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "lib/mlflow/stored_inputs.h"
#include "lib/mlflow/stored_names.h"

namespace cairn::mlflow_import {
namespace {

using TextMap = google::protobuf::Map<std::string, std::string>;
using google::protobuf::util::MessageDifferencer;

bool Holds(const TextMap& map, const std::string& key, const std::string& value) {
  const auto found = map.find(key);
  return found != map.end() && found->second == value;
}

bool HoldsAll(const TextMap& map, const TextMap& wanted) {
  return std::all_of(wanted.begin(), wanted.end(),
                     [&](const auto& pair) { return Holds(map, pair.first, pair.second); });
}

bool IsInputTag(const std::string& key) {
  return key.starts_with(mlflow::kInputTagPrefix) || key.starts_with(mlflow::kModelInputTagPrefix);
}

// Name, user, state and times.
bool HasSameHead(const v1::Run& wanted, const v1::Run& there) {
  const bool same_start = !wanted.has_start_time() ||
                          MessageDifferencer::Equals(wanted.start_time(), there.start_time());
  const bool same_end =
      !wanted.has_end_time() || MessageDifferencer::Equals(wanted.end_time(), there.end_time());
  return wanted.display_name() == there.display_name() && wanted.user() == there.user() &&
         wanted.state() == there.state() && same_start && same_end;
}

bool HasLatest(const v1::Run& run, const SourceMetric& metric) {
  return std::any_of(run.metrics().begin(), run.metrics().end(), [&](const auto& summary) {
    const v1::MetricPoint& latest = summary.latest();
    return summary.key() == metric.key &&
           IsSame({latest.step(), latest.time_unix_millis(), latest.value()}, metric.latest);
  });
}

// Whether an earlier import has completed it, and nothing happened to either side since, as far as
// that is told without reading histories.
bool IsSettled(const v1::Run& wanted, const std::vector<SourceMetric>& metrics, bool deleted,
               const v1::Run& there) {
  return IsEnded(there.state()) && HasSameHead(wanted, there) &&
         deleted == there.has_delete_time() && HoldsAll(there.params(), wanted.params()) &&
         HoldsAll(there.tags(), wanted.tags()) &&
         std::all_of(metrics.begin(), metrics.end(),
                     [&](const SourceMetric& metric) { return HasLatest(there, metric); });
}

// Moves what fits into one request from `wanted` to `batch`, of what `there` does not hold.
class PairBatches {
 public:
  PairBatches(client::Client& client, std::string run) : client_(client), run_(std::move(run)) {}

  absl::Status Add(const TextMap& wanted, const TextMap& there,
                   TextMap* (v1::LogBatchRequest::*into)()) {
    for (const auto& [key, value] : wanted) {
      if (Holds(there, key, value)) continue;
      (*(batch_.*into)())[key] = value;
      bytes_ += key.size() + value.size();
      if (bytes_ >= kMostBatchBytes || ++entries_ >= kMostEntries) CAIRN_RETURN_IF_ERROR(Flush());
    }
    return absl::OkStatus();
  }

  absl::Status Flush() {
    v1::LogBatchRequest batch = std::exchange(batch_, {});
    if (batch.params().empty() && batch.tags().empty()) return absl::OkStatus();
    batch.set_run(run_);
    bytes_ = 0;
    entries_ = 0;
    return client_.tracking().LogBatch(std::move(batch)).status();
  }

 private:
  client::Client& client_;
  const std::string run_;
  v1::LogBatchRequest batch_;
  size_t bytes_ = 0;
  int entries_ = 0;
};

// The record without what is logged to it, where that is too much for one request.
v1::Run RecordOf(const v1::Run& wanted) {
  v1::Run record = wanted;
  record.clear_uid();
  record.clear_state();
  record.clear_end_time();
  if (wanted.ByteSizeLong() > kMostBatchBytes || wanted.params_size() > kMostEntries ||
      wanted.tags_size() > kMostEntries) {
    record.clear_params();
    record.clear_tags();
  }
  return record;
}

}  // namespace

absl::Status RunImporter::ImportRun(const SourceRun& run, const std::string& experiment) {
  const std::string what = "run " + run.id;
  absl::Status status = TryRun(run, experiment, what);
  if (options_.on_progress) options_.on_progress(report_);
  if (status.ok() || !IsOfOneThing(status)) return status;
  report_.Compare(Counted::kRuns, false, false);
  report_.LeaveOut(what, status);
  return absl::OkStatus();
}

absl::Status RunImporter::ImportModel(const SourceModel& model, const std::string& experiment) {
  if (!models_done_.insert(model.id).second) return absl::OkStatus();
  const std::string what = "logged model " + model.id;
  absl::Status status = TryModel(model, experiment, what);
  if (options_.on_progress) options_.on_progress(report_);
  if (status.ok() || !IsOfOneThing(status)) return status;
  report_.Compare(Counted::kLoggedModels, false, false);
  report_.LeaveOut(what, status);
  return absl::OkStatus();
}

absl::StatusOr<std::optional<v1::Run>> RunImporter::Find(const std::string& uid) {
  v1::GetRunRequest request;
  request.set_name("experiments/-/runs/" + uid);
  auto run = client_->tracking().GetRun(request);
  if (absl::IsNotFound(run.status())) return std::optional<v1::Run>();
  if (!run.ok()) return run.status();
  return std::optional<v1::Run>(*std::move(run));
}

absl::Status RunImporter::TryRun(const SourceRun& run, const std::string& experiment,
                                 const std::string& what) {
  if (!run.unreadable.empty()) return absl::DataLossError(run.unreadable);
  if (!IsHexId(run.id)) {
    return absl::InvalidArgumentError("an id in Cairn has 32 hexadecimal digits");
  }
  const v1::Run wanted = WantedRun(run, what, report_);
  if (options_.dry_run) {
    CAIRN_RETURN_IF_ERROR(metrics_.Move(run, {}, what));
    CAIRN_RETURN_IF_ERROR(files_.Move({false, run.id}, "", what));
    CountOnly(wanted, Counted::kRuns);
    return absl::OkStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(std::optional<v1::Run> there, Find(run.id));
  if (there.has_value() && !options_.recheck &&
      IsSettled(wanted, run.metrics, run.deleted, *there)) {
    CAIRN_RETURN_IF_ERROR(files_.Move({false, run.id}, there->name(), what));
    ++report_.unread_runs;
    return Compare(wanted, there->name(), Counted::kRuns, run.deleted);
  }
  CAIRN_ASSIGN_OR_RETURN(const v1::Run target,
                         Begin(wanted, std::move(there), experiment, run.deleted));
  CAIRN_RETURN_IF_ERROR(LogMissing(wanted, target));
  CAIRN_RETURN_IF_ERROR(metrics_.Move(run, target, what));
  CAIRN_RETURN_IF_ERROR(files_.Move({false, run.id}, target.name(), what));
  CAIRN_RETURN_IF_ERROR(LinkOutputs(run, target, experiment, what));
  CAIRN_RETURN_IF_ERROR(End(wanted, target, run.deleted));
  return Compare(wanted, target.name(), Counted::kRuns, run.deleted);
}

absl::Status RunImporter::TryModel(const SourceModel& model, const std::string& experiment,
                                   const std::string& what) {
  const auto uid = mlflow::UidOfModelId(model.id);
  if (!uid.has_value()) {
    return absl::InvalidArgumentError("its id is not m- and 32 hexadecimal digits");
  }
  std::map<std::string, std::vector<Point>> points;
  for (const SourceMetric& metric : model.metrics) {
    for (const std::string& key : KeysOfModelMetric(metric)) points[key].push_back(metric.latest);
  }
  if (options_.dry_run) {
    CAIRN_RETURN_IF_ERROR(files_.Move({true, model.id}, "", what));
    CountOnly(WantedModel(model, "", what, report_), Counted::kLoggedModels);
    return absl::OkStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(std::optional<v1::Run> there, Find(*uid));
  std::string parent = there.has_value() ? there->parent_run() : "";
  if (!there.has_value() && !model.source_run_id.empty()) {
    CAIRN_ASSIGN_OR_RETURN(const std::optional<v1::Run> maker, Find(model.source_run_id));
    if (maker.has_value() && !maker->has_delete_time()) parent = maker->name();
  }
  const v1::Run wanted = WantedModel(model, parent, what, report_);
  CAIRN_ASSIGN_OR_RETURN(const v1::Run target,
                         Begin(wanted, std::move(there), experiment, /*deleted=*/false));
  CAIRN_RETURN_IF_ERROR(LogMissing(wanted, target));
  CAIRN_RETURN_IF_ERROR(metrics_.LogMissing(target, points));
  CAIRN_RETURN_IF_ERROR(files_.Move({true, model.id}, target.name(), what));
  CAIRN_RETURN_IF_ERROR(End(wanted, target, /*deleted=*/false));
  return Compare(wanted, target.name(), Counted::kLoggedModels, /*deleted=*/false);
}

absl::StatusOr<v1::Run> RunImporter::Begin(const v1::Run& wanted, std::optional<v1::Run> there,
                                           const std::string& experiment, bool deleted) {
  if (!there.has_value()) {
    v1::CreateRunRequest request;
    request.set_parent(experiment);
    request.set_run_id(wanted.uid());
    *request.mutable_run() = RecordOf(wanted);
    CAIRN_ASSIGN_OR_RETURN(there, client_->tracking().CreateRun(std::move(request)));
    ++report_.new_runs;
  }
  if (!there->name().starts_with(experiment + "/")) {
    return absl::AlreadyExistsError(fmt::format("Cairn has a run of this id: {}", there->name()));
  }
  if (there->has_delete_time()) {
    if (!deleted) {
      return absl::FailedPreconditionError("it was deleted in Cairn; `mlctl restore run` first");
    }
    v1::UndeleteRunRequest request;
    request.set_name(there->name());
    CAIRN_ASSIGN_OR_RETURN(*there, client_->tracking().UndeleteRun(request));
  }
  // Renamed since, or made without a name, where Cairn makes one up.
  if (there->display_name() != wanted.display_name()) {
    v1::UpdateRunRequest request;
    request.mutable_run()->set_name(there->name());
    request.mutable_run()->set_display_name(wanted.display_name());
    request.mutable_update_mask()->add_paths("display_name");
    CAIRN_RETURN_IF_ERROR(client_->tracking().UpdateRun(std::move(request)).status());
  }
  return *std::move(there);
}

absl::Status RunImporter::LogMissing(const v1::Run& wanted, const v1::Run& there) {
  PairBatches batches(*client_, there.name());
  CAIRN_RETURN_IF_ERROR(
      batches.Add(wanted.params(), there.params(), &v1::LogBatchRequest::mutable_params));
  CAIRN_RETURN_IF_ERROR(
      batches.Add(wanted.tags(), there.tags(), &v1::LogBatchRequest::mutable_tags));
  return batches.Flush();
}

absl::Status RunImporter::LinkOutputs(const SourceRun& run, const v1::Run& there,
                                      const std::string& experiment, const std::string& what) {
  v1::LogBatchRequest request;
  request.set_run(there.name());
  for (const ModelOutput& output : run.outputs) {
    const auto uid = mlflow::UidOfModelId(output.model_id);
    if (!uid.has_value()) continue;
    if (models_done_.count(output.model_id) == 0) {
      const auto model = source_.GetModel(output.model_id);
      if (!model.ok() && !IsOfOneThing(model.status())) return model.status();
      if (model.ok()) CAIRN_RETURN_IF_ERROR(ImportModel(*model, experiment));
    }
    CAIRN_ASSIGN_OR_RETURN(const std::optional<v1::Run> model, Find(*uid));
    if (!model.has_value()) {
      report_.LeaveOut(fmt::format("output {} of {}", output.model_id, what),
                       "there is no such logged model, or it was deleted");
      continue;
    }
    const bool known =
        std::any_of(there.outputs().begin(), there.outputs().end(),
                    [&](const v1::RunOutput& other) { return other.resource() == model->name(); });
    if (known) continue;
    v1::RunOutput& added = *request.add_outputs();
    added.set_resource(model->name());
    added.set_step(output.step);
  }
  if (request.outputs().empty()) return absl::OkStatus();
  return client_->tracking().LogBatch(std::move(request)).status();
}

absl::Status RunImporter::End(const v1::Run& wanted, const v1::Run& there, bool deleted) {
  const bool same_end =
      !wanted.has_end_time() || MessageDifferencer::Equals(wanted.end_time(), there.end_time());
  if (IsEnded(there.state()) && (there.state() != wanted.state() || !same_end)) {
    v1::ResumeRunRequest resume;
    resume.set_name(there.name());
    CAIRN_RETURN_IF_ERROR(client_->tracking().ResumeRun(resume).status());
  }
  if (IsEnded(wanted.state())) {
    v1::FinishRunRequest finish;
    finish.set_name(there.name());
    finish.set_state(wanted.state());
    if (wanted.has_end_time()) *finish.mutable_end_time() = wanted.end_time();
    CAIRN_RETURN_IF_ERROR(client_->tracking().FinishRun(std::move(finish)).status());
  }
  if (!deleted) return absl::OkStatus();
  v1::DeleteRunRequest request;
  request.set_name(there.name());
  return client_->tracking().DeleteRun(request).status();
}

absl::Status RunImporter::Compare(const v1::Run& wanted, const std::string& name, Counted counted,
                                  bool deleted) {
  v1::GetRunRequest request;
  request.set_name(name);
  CAIRN_ASSIGN_OR_RETURN(const v1::Run there, client_->tracking().GetRun(request));
  report_.Compare(counted, true, HasSameHead(wanted, there) && there.has_delete_time() == deleted);
  for (const auto& [key, value] : wanted.params()) {
    report_.Compare(Counted::kParams, there.params().contains(key),
                    Holds(there.params(), key, value));
  }
  for (const auto& [key, value] : wanted.tags()) {
    report_.Compare(IsInputTag(key) ? Counted::kInputs : Counted::kTags, there.tags().contains(key),
                    Holds(there.tags(), key, value));
  }
  return absl::OkStatus();
}

void RunImporter::CountOnly(const v1::Run& wanted, Counted counted) {
  ++report_.of(counted).source;
  report_.of(Counted::kParams).source += wanted.params_size();
  for (const auto& [key, value] : wanted.tags()) {
    ++report_.of(IsInputTag(key) ? Counted::kInputs : Counted::kTags).source;
  }
}

}  // namespace cairn::mlflow_import
