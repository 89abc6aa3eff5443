#include "server/tracking/runs.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/ids.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/metrics/summaries.h"
#include "server/records/dataset_refs.h"
#include "server/records/run_outputs.h"
#include "server/storage/keyspace.h"
#include "server/storage/paging.h"
#include "server/tracking/limits.h"
#include "server/tracking/run_update.h"
#include "server/tracking/validation.h"

namespace cairn::tracking {
namespace {

using cairn::internal::DatasetVersionRecord;
using cairn::internal::ExperimentRecord;
using cairn::internal::PointerRecord;
using cairn::internal::RunRecord;
using cairn::internal::ValueRecord;
using cairn::v1::Run;
using storage::KeyRange;
using storage::Plan;
using storage::ScanOrder;
using storage::Snapshot;
using storage::Stored;
using storage::WriteSet;

constexpr std::string_view kAnyExperiment = "experiments/-/runs/";

// The record's payload: what has keys of its own, and the etag, left out.
std::string RunPayload(Run run, int64_t experiment_id) {
  run.clear_params();
  run.clear_tags();
  run.clear_metrics();
  run.clear_etag();
  RunRecord record;
  *record.mutable_run() = std::move(run);
  record.set_experiment_id(experiment_id);
  return record.SerializeAsString();
}

absl::Status CheckExperimentLive(const Snapshot& snapshot, int64_t id) {
  CAIRN_ASSIGN_OR_RETURN(
      auto stored, storage::ReadRecord<ExperimentRecord>(snapshot, storage::ExperimentKey(id)));
  if (!stored.has_value()) {
    return NotFound(ErrorReason::EXPERIMENT_NOT_FOUND, "Experiment", ExperimentName(id));
  }
  if (!stored->value.experiment().has_delete_time()) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::EXPERIMENT_DELETED,
               fmt::format("{} is deleted", ExperimentName(id)))
      .With("experiment", ExperimentName(id))
      .Precondition("EXPERIMENT", ExperimentName(id), "is deleted");
}

absl::Status ValidateNewRun(const Run& run) {
  if (!Run::Kind_IsValid(run.kind())) {
    return InvalidField(ErrorReason::VALUE_INVALID, "run.kind", std::to_string(run.kind()),
                        "must be a kind of run that this server knows")
        .ToStatus();
  }
  CAIRN_RETURN_IF_ERROR(
      ValidateOptionalName("run.display_name", run.display_name(), kMaxRunNameBytes));
  CAIRN_RETURN_IF_ERROR(ValidateOptionalName("run.user", run.user(), kMaxUserBytes));
  CAIRN_RETURN_IF_ERROR(ValidateTime("run.start_time", run.start_time()));
  CAIRN_RETURN_IF_ERROR(ValidateLease(run));
  CAIRN_RETURN_IF_ERROR(ValidateMap("run.params", run.params(), kMaxParamValueBytes));
  return ValidateMap("run.tags", run.tags(), kMaxRunTagValueBytes);
}

Run NewRun(const cairn::v1::CreateRunRequest& request, int64_t experiment_id,
           const CallFacts& facts) {
  Run run = request.run();
  const std::string& id = request.run_id().empty() ? facts.new_id : request.run_id();
  run.set_name(FormatRunName(experiment_id, id));
  run.set_uid(id);
  if (run.display_name().empty()) run.set_display_name("run-" + id.substr(0, 8));
  run.set_state(Run::RUNNING);
  *run.mutable_create_time() = ToTimestamp(facts.now_unix_nanos);
  run.set_principal(facts.principal);
  if (!run.has_start_time()) *run.mutable_start_time() = run.create_time();
  run.clear_end_time();
  run.clear_delete_time();
  run.clear_metrics();
  run.clear_state_message();
  return run;
}

absl::Status EndedOtherwise(const Run& run) {
  const std::string state = Run::State_Name(run.state());
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::RUN_ENDED,
               fmt::format("{} has ended as {}", run.name(), state))
      .With("run", run.name())
      .With("state", state)
      .Precondition("RUN_STATE", run.name(), fmt::format("has ended as {}", state));
}

// Where the version or logged model that an output names is stored.
struct OutputPlace {
  storage::Key key;
  std::string name;  // in canonical spelling
  std::string_view type;
  ErrorReason reason;
};

absl::StatusOr<OutputPlace> PlaceOfOutput(std::string_view resource) {
  constexpr std::string_view kField = "outputs.resource";
  if (resource.substr(0, 7) == "models/") {
    CAIRN_ASSIGN_OR_RETURN(const VersionName version, ParseModelVersionName(kField, resource));
    return OutputPlace{storage::ModelVersionKey(version.parent_id, version.version),
                       ModelVersionName(version.parent_id, version.version), "ModelVersion",
                       ErrorReason::MODEL_VERSION_NOT_FOUND};
  }
  if (resource.starts_with("experiments/")) {
    CAIRN_ASSIGN_OR_RETURN(const RunName run, ParseRunName(kField, resource));
    return OutputPlace{storage::RunKey(run.run_id), FormatRunName(run.experiment_id, run.run_id),
                       "Run", ErrorReason::RUN_NOT_FOUND};
  }
  CAIRN_ASSIGN_OR_RETURN(const VersionName version, ParseDatasetVersionName(kField, resource));
  return OutputPlace{storage::DatasetVersionKey(version.parent_id, version.version),
                     DatasetVersionName(version.parent_id, version.version), "DatasetVersion",
                     ErrorReason::DATASET_VERSION_NOT_FOUND};
}

// Of runs only logged models are made by others.
absl::Status CheckOutputRun(const Snapshot& snapshot, const OutputPlace& place) {
  CAIRN_ASSIGN_OR_RETURN(const auto run, ReadRunRecord(snapshot, "outputs.resource", place.name));
  if (run.value.run().kind() == Run::LOGGED_MODEL) return absl::OkStatus();
  return InvalidField(ErrorReason::VALUE_INVALID, "outputs.resource", place.name,
                      "must be a version of a data set or model, or a logged model; a run is none")
      .ToStatus();
}

// `stored` is what has the id: its name may be of another experiment. Nothing for a purged run.
absl::Status RunExists(std::string_view run_id, std::string_view name) {
  const std::string where = name.empty() ? "a run that was purged" : std::string(name);
  return Error(absl::StatusCode::kAlreadyExists, ErrorReason::RUN_EXISTS,
               fmt::format("run_id `{}` is taken by {}; ids are unique in all experiments", run_id,
                           where))
      .With("run_id", run_id)
      .With("run", name)
      .Resource("Run", name);
}

// Only an id that the client chose can be taken.
absl::Status CheckRunIdFree(const Snapshot& snapshot, const cairn::v1::CreateRunRequest& request,
                            const Run& run) {
  if (request.run_id().empty()) return absl::OkStatus();
  if (!IsHexId(request.run_id())) {
    return InvalidField(ErrorReason::VALUE_INVALID, "run_id", request.run_id(),
                        "must be 32 lower-case hexadecimal characters");
  }
  CAIRN_ASSIGN_OR_RETURN(const auto existing,
                         storage::ReadRecord<RunRecord>(snapshot, storage::RunKey(run.uid())));
  if (existing) {
    return RunExists(run.uid(), FormatRunName(existing->value.experiment_id(), run.uid()));
  }
  CAIRN_ASSIGN_OR_RETURN(const auto purged, snapshot.MultiGet({storage::PurgedRunKey(run.uid())}));
  return purged[0] ? RunExists(run.uid(), "") : absl::OkStatus();
}

}  // namespace

absl::StatusOr<Plan> PlanReplaceRun(const Snapshot& snapshot, const Stored<RunRecord>& stored,
                                    Run run, cairn::v1::Event::Kind event, WriteSet write_set) {
  const storage::Key key = storage::RunKey(run.uid());
  write_set.RequireRevision(key, stored.mod_revision)
      .PutRecord(key, RunPayload(run, stored.value.experiment_id()))
      .Emit(event, run);
  Stored<RunRecord> changed = stored;
  *changed.value.mutable_run() = std::move(run);
  CAIRN_ASSIGN_OR_RETURN(Run whole, AssembleRun(snapshot, std::move(changed)));
  return storage::MakePlan(std::move(write_set), std::move(whole));
}

std::string ValuePayload(std::string_view value) {
  ValueRecord record;
  record.set_value(std::string(value));
  return record.SerializeAsString();
}

absl::StatusOr<RunName> ParseRunReference(std::string_view field, std::string_view name) {
  if (name.substr(0, kAnyExperiment.size()) == kAnyExperiment &&
      IsHexId(name.substr(kAnyExperiment.size()))) {
    return RunName{-1, std::string(name.substr(kAnyExperiment.size()))};
  }
  return ParseRunName(field, name);
}

absl::StatusOr<Stored<RunRecord>> ReadRunRecord(const Snapshot& snapshot, std::string_view field,
                                                std::string_view name) {
  CAIRN_ASSIGN_OR_RETURN(const RunName parsed, ParseRunReference(field, name));
  CAIRN_ASSIGN_OR_RETURN(auto stored,
                         storage::ReadRecord<RunRecord>(snapshot, storage::RunKey(parsed.run_id)));
  const bool elsewhere = stored.has_value() && parsed.experiment_id >= 0 &&
                         stored->value.experiment_id() != parsed.experiment_id;
  if (!stored.has_value() || elsewhere) {
    return NotFound(ErrorReason::RUN_NOT_FOUND, "Run", name).ToStatus();
  }
  return *std::move(stored);
}

absl::StatusOr<Stored<RunRecord>> ReadLiveRun(const Snapshot& snapshot, std::string_view field,
                                              std::string_view name) {
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadRunRecord(snapshot, field, name));
  CAIRN_RETURN_IF_ERROR(records::CheckRunLive(stored.value.run(), name));
  return stored;
}

absl::StatusOr<Run> AssembleRun(const Snapshot& snapshot, Stored<RunRecord> stored) {
  Run run = std::move(*stored.value.mutable_run());
  run.set_etag(EtagOf(stored.mod_revision));
  absl::Status key_error;
  const auto add_to = [&](const storage::Key& prefix, auto* map) {
    return storage::ScanRecords<ValueRecord>(snapshot, KeyRange::Prefix(prefix),
                                             ScanOrder::kAscending,
                                             [&, map](std::string_view key, auto value) {
                                               auto name = storage::LastStringOf(prefix, key);
                                               if (!name.ok()) {
                                                 key_error = name.status();
                                                 return false;
                                               }
                                               (*map)[*name] = value.value.value();
                                               return true;
                                             });
  };
  CAIRN_RETURN_IF_ERROR(add_to(storage::RunParamPrefix(run.uid()), run.mutable_params()));
  CAIRN_RETURN_IF_ERROR(add_to(storage::RunTagPrefix(run.uid()), run.mutable_tags()));
  CAIRN_RETURN_IF_ERROR(key_error);
  metrics::BundleReader bundles(snapshot);
  CAIRN_ASSIGN_OR_RETURN(*run.mutable_metrics(),
                         metrics::ReadSummaries(snapshot, bundles, run.uid()));
  return run;
}

absl::StatusOr<Run> GetRun(const Snapshot& snapshot, const cairn::v1::GetRunRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadRunRecord(snapshot, "name", request.name()));
  return AssembleRun(snapshot, std::move(stored));
}

absl::StatusOr<cairn::v1::ListRunsResponse> ListRuns(const Snapshot& snapshot,
                                                     const cairn::v1::ListRunsRequest& request,
                                                     index::DamageLog* damage) {
  CAIRN_ASSIGN_OR_RETURN(const int64_t id, ParseExperimentName("parent", request.parent()));
  CAIRN_ASSIGN_OR_RETURN(const auto experiment, snapshot.Get(storage::ExperimentKey(id)));
  if (!experiment.has_value()) {
    return NotFound(ErrorReason::EXPERIMENT_NOT_FOUND, "Experiment", request.parent()).ToStatus();
  }
  cairn::v1::ListRunsResponse response;
  absl::Status failure;
  index::DamageLog unheard;
  index::DamageLog& noted = damage == nullptr ? unheard : *damage;
  const auto add_run = [&](const std::string& run_id,
                           storage::PageRoom& room) -> absl::StatusOr<bool> {
    CAIRN_ASSIGN_OR_RETURN(auto stored, ReadRunRecord(snapshot, "run", FormatRunName(id, run_id)));
    if (stored.value.run().has_delete_time() && !request.show_deleted()) return false;
    if (stored.value.run().kind() == Run::LOGGED_MODEL) return false;
    CAIRN_ASSIGN_OR_RETURN(Run run, AssembleRun(snapshot, std::move(stored)));
    if (!room.Take(run.ByteSizeLong())) return false;
    *response.add_runs() = std::move(run);
    return true;
  };
  const auto add = [&](std::string_view key, const auto&, storage::PageRoom& room) -> bool {
    if (!failure.ok()) return false;
    const auto run_id = storage::RunIdOfRunByExperiment(key);
    const auto added = run_id.ok() ? add_run(*run_id, room) : run_id.status();
    if (!noted.Add(run_id.value_or(""), added.status())) failure.Update(added.status());
    return added.ok() && *added;
  };
  CAIRN_ASSIGN_OR_RETURN(
      *response.mutable_next_page_token(),
      storage::ListPage<PointerRecord>(snapshot, request,
                                       KeyRange::Prefix(storage::RunByExperimentPrefix(id)),
                                       ScanOrder::kAscending, {}, add));
  CAIRN_RETURN_IF_ERROR(failure);
  return response;
}

absl::Status ResolveInputs(const Snapshot& snapshot, std::string_view run_name,
                           google::protobuf::RepeatedPtrField<cairn::v1::RunInput>& inputs,
                           WriteSet& write_set) {
  if (inputs.size() > kMaxEntriesPerBatch) {
    return TooLarge("inputs", inputs.size(), kMaxEntriesPerBatch);
  }
  std::set<std::string> linked;
  for (cairn::v1::RunInput& input : inputs) {
    CAIRN_RETURN_IF_ERROR(
        ValidateOptionalName("inputs.context", input.context(), kMaxInputContextBytes));
    CAIRN_ASSIGN_OR_RETURN(const VersionName version,
                           records::ResolveDatasetVersion(snapshot, "inputs.dataset_version",
                                                          input.dataset_version()));
    const storage::Key key = storage::DatasetVersionKey(version.parent_id, version.version);
    CAIRN_ASSIGN_OR_RETURN(auto stored, storage::ReadRecord<DatasetVersionRecord>(snapshot, key));
    if (!stored.has_value()) {
      return NotFound(ErrorReason::DATASET_VERSION_NOT_FOUND, "DatasetVersion",
                      input.dataset_version());
    }
    input.set_dataset_version(DatasetVersionName(version.parent_id, version.version));
    input.set_sha256(stored->value.version().sha256());
    if (!linked.insert(input.dataset_version()).second) continue;
    records::UseDatasetVersion(version, write_set);
    write_set.PutRecord(storage::LineageDownKey(input.dataset_version(), run_name), "");
  }
  return absl::OkStatus();
}

absl::Status ResolveOutputs(const Snapshot& snapshot, std::string_view run_name,
                            google::protobuf::RepeatedPtrField<cairn::v1::RunOutput>& outputs,
                            WriteSet& write_set) {
  if (outputs.size() > kMaxEntriesPerBatch) {
    return TooLarge("outputs", outputs.size(), kMaxEntriesPerBatch);
  }
  std::set<std::string> linked;
  for (cairn::v1::RunOutput& output : outputs) {
    CAIRN_ASSIGN_OR_RETURN(const OutputPlace place, PlaceOfOutput(output.resource()));
    CAIRN_ASSIGN_OR_RETURN(const auto stored, snapshot.Get(place.key));
    if (!stored.has_value()) return NotFound(place.reason, place.type, output.resource());
    output.set_resource(place.name);
    if (place.type == "Run") CAIRN_RETURN_IF_ERROR(CheckOutputRun(snapshot, place));
    if (!linked.insert(place.name).second) continue;
    write_set.RequireExists(place.key)
        .PutRecord(storage::LineageDownKey(run_name, place.name), "")
        .PutRecord(storage::LineageUpKey(place.name, run_name), "");
  }
  return absl::OkStatus();
}

absl::StatusOr<Plan> PlanCreateRun(const Snapshot& snapshot,
                                   const cairn::v1::CreateRunRequest& request,
                                   const CallFacts& facts) {
  CAIRN_ASSIGN_OR_RETURN(const int64_t experiment_id,
                         ParseExperimentName("parent", request.parent()));
  CAIRN_RETURN_IF_ERROR(ValidateNewRun(request.run()));
  CAIRN_RETURN_IF_ERROR(CheckExperimentLive(snapshot, experiment_id));
  Run run = NewRun(request, experiment_id, facts);
  CAIRN_RETURN_IF_ERROR(CheckRunIdFree(snapshot, request, run));
  WriteSet write_set;
  if (!run.parent_run().empty()) {
    CAIRN_ASSIGN_OR_RETURN(const auto parent,
                           ReadLiveRun(snapshot, "run.parent_run", run.parent_run()));
    run.set_parent_run(parent.value.run().name());
    // Nesting is no lineage; a model comes from its run.
    if (run.kind() == Run::LOGGED_MODEL) {
      write_set.PutOnce(storage::LineageDownKey(run.parent_run(), run.name()), "");
    }
  }
  CAIRN_RETURN_IF_ERROR(ResolveInputs(snapshot, run.name(), *run.mutable_inputs(), write_set));
  CAIRN_RETURN_IF_ERROR(ResolveOutputs(snapshot, run.name(), *run.mutable_outputs(), write_set));
  if (!request.run_id().empty()) write_set.RequireAbsent(storage::PurgedRunKey(run.uid()));
  write_set.RequireExists(storage::ExperimentKey(experiment_id))
      .RequireAbsent(storage::RunKey(run.uid()))
      .PutOnce(storage::RunKey(run.uid()), RunPayload(run, experiment_id))
      .PutOnce(storage::RunByExperimentKey(experiment_id, ToUnixNanos(run.start_time()), run.uid()),
               "");
  for (const auto& [key, value] : run.params()) {
    write_set.PutOnce(storage::RunParamKey(run.uid(), key), ValuePayload(value));
  }
  for (const auto& [key, value] : run.tags()) {
    write_set.PutOnce(storage::RunTagKey(run.uid(), key), ValuePayload(value));
  }
  write_set.Emit(cairn::v1::Event::RUN_CREATED, run);
  return storage::MakePlan(std::move(write_set), std::move(run));
}

void StampEnd(int64_t now_unix_nanos, Run& run) {
  if (now_unix_nanos >= ToUnixNanos(run.start_time())) {
    *run.mutable_end_time() = ToTimestamp(now_unix_nanos);
    return;
  }
  *run.mutable_end_time() = run.start_time();
  const std::string before = run.state_message().empty() ? "" : run.state_message() + "; ";
  run.set_state_message(fmt::format("{}ended at {} by the server's clock, before its start", before,
                                    FormatRfc3339(now_unix_nanos)));
}

absl::StatusOr<Plan> PlanFinishRun(const Snapshot& snapshot,
                                   const cairn::v1::FinishRunRequest& request,
                                   const CallFacts& facts) {
  const Run::State state =
      request.state() == Run::STATE_UNSPECIFIED ? Run::SUCCEEDED : request.state();
  if (state != Run::SUCCEEDED && state != Run::FAILED && state != Run::KILLED) {
    return InvalidField(ErrorReason::VALUE_INVALID, "state", std::to_string(state),
                        "must be SUCCEEDED, FAILED or KILLED")
        .ToStatus();
  }
  CAIRN_RETURN_IF_ERROR(ValidateTime("end_time", request.end_time()));
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadLiveRun(snapshot, "name", request.name()));
  Run run = stored.value.run();
  const bool ended = run.state() != Run::RUNNING && run.state() != Run::SCHEDULED;
  if (ended && run.state() != state) return EndedOtherwise(run);
  if (ended) {
    CAIRN_ASSIGN_OR_RETURN(Run whole, AssembleRun(snapshot, std::move(stored)));
    return storage::AnswerOnly(std::move(whole));
  }
  run.set_state(state);
  if (request.has_end_time()) {
    *run.mutable_end_time() = request.end_time();
  } else {
    StampEnd(facts.now_unix_nanos, run);
  }
  return PlanReplaceRun(snapshot, stored, std::move(run), cairn::v1::Event::RUN_FINISHED);
}

absl::StatusOr<Plan> PlanDeleteRun(const Snapshot& snapshot,
                                   const cairn::v1::DeleteRunRequest& request,
                                   const CallFacts& facts) {
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadLiveRun(snapshot, "name", request.name()));
  CAIRN_RETURN_IF_ERROR(storage::CheckEtag(request.name(), request.etag(), stored.mod_revision));
  Run run = stored.value.run();
  *run.mutable_delete_time() = ToTimestamp(facts.now_unix_nanos);
  // It frees nothing yet, but a purge needs it.
  return PlanReplaceRun(snapshot, stored, std::move(run), cairn::v1::Event::RUN_DELETED,
                        std::move(WriteSet().FreesSpace()));
}

absl::StatusOr<Plan> PlanUndeleteRun(const Snapshot& snapshot,
                                     const cairn::v1::UndeleteRunRequest& request,
                                     const CallFacts& facts) {
  (void)facts;
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadRunRecord(snapshot, "name", request.name()));
  Run run = stored.value.run();
  if (!run.has_delete_time()) {
    return Error(absl::StatusCode::kAlreadyExists, ErrorReason::NOT_DELETED,
                 fmt::format("{} is not deleted", request.name()))
        .With("run", request.name())
        .Resource("Run", request.name())
        .ToStatus();
  }
  run.clear_delete_time();
  return PlanReplaceRun(snapshot, stored, std::move(run), cairn::v1::Event::RUN_UNDELETED);
}

}  // namespace cairn::tracking
