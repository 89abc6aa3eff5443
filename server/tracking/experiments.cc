#include "server/tracking/experiments.h"

#include <optional>
#include <string>
#include <utility>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/core/tag_mask.h"
#include "server/storage/keyspace.h"
#include "server/storage/paging.h"
#include "server/storage/typed_record.h"
#include "server/tracking/limits.h"
#include "server/tracking/validation.h"

namespace cairn::tracking {
namespace {

using cairn::internal::CounterRecord;
using cairn::internal::ExperimentRecord;
using cairn::internal::PointerRecord;
using cairn::v1::Experiment;
using storage::Plan;
using storage::Snapshot;
using storage::Stored;
using storage::WriteSet;

constexpr std::string_view kExperimentCounter = "experiments";

Experiment ToResource(Stored<ExperimentRecord> stored) {
  Experiment experiment = std::move(*stored.value.mutable_experiment());
  experiment.set_etag(EtagOf(stored.mod_revision));
  return experiment;
}

absl::StatusOr<Stored<ExperimentRecord>> ReadExperiment(const Snapshot& snapshot, int64_t id) {
  CAIRN_ASSIGN_OR_RETURN(
      auto stored, storage::ReadRecord<ExperimentRecord>(snapshot, storage::ExperimentKey(id)));
  if (!stored.has_value()) {
    return NotFound(ErrorReason::EXPERIMENT_NOT_FOUND, "Experiment", ExperimentName(id)).ToStatus();
  }
  return *std::move(stored);
}

std::string Payload(Experiment experiment) {
  experiment.clear_etag();
  ExperimentRecord record;
  *record.mutable_experiment() = std::move(experiment);
  return record.SerializeAsString();
}

std::string Pointer(int64_t number) {
  PointerRecord record;
  record.set_number(number);
  return record.SerializeAsString();
}

absl::Status NameTaken(std::string_view display_name, int64_t holder, bool deleted) {
  const std::string name = ExperimentName(holder);
  return Error(absl::StatusCode::kAlreadyExists, ErrorReason::EXPERIMENT_EXISTS,
               fmt::format(
                   "an experiment named \"{}\" exists: {}{}", display_name, name,
                   deleted ? ", which is deleted: restore it, or purge it to free the name" : ""))
      .With("displayName", display_name)
      .With("experiment", name)
      .Resource("Experiment", name);
}

// Refuses a display name that another experiment has.
absl::Status CheckNameFree(const Snapshot& snapshot, std::string_view display_name) {
  CAIRN_ASSIGN_OR_RETURN(auto holder, storage::ReadRecord<PointerRecord>(
                                          snapshot, storage::ExperimentByNameKey(display_name)));
  if (!holder.has_value()) return absl::OkStatus();
  const int64_t id = holder->value.number();
  CAIRN_ASSIGN_OR_RETURN(const auto stored, ReadExperiment(snapshot, id));
  return NameTaken(display_name, id, stored.value.experiment().has_delete_time());
}

// Writes a changed experiment over the one that was read.
Plan PlanReplace(int64_t id, storage::Revision read_at, Experiment experiment, WriteSet write_set) {
  write_set.RequireRevision(storage::ExperimentKey(id), read_at)
      .PutRecord(storage::ExperimentKey(id), Payload(experiment))
      .Emit(cairn::v1::Event::EXPERIMENT_UPDATED, experiment);
  return storage::MakePlan(std::move(write_set), std::move(experiment));
}

bool IsOutputOnly(std::string_view path) {
  return path == "name" || path == "create_time" || path == "update_time" ||
         path == "delete_time" || path == "etag";
}

// Changes the fields that the mask names, or without one those that are populated.
absl::Status ApplyUpdate(const cairn::v1::UpdateExperimentRequest& request, Experiment& current) {
  const Experiment& wanted = request.experiment();
  bool name = !request.has_update_mask() && !wanted.display_name().empty();
  core::TagMask tags =
      request.has_update_mask() ? core::TagMask() : core::TagMask::OfPopulated(wanted.tags());
  for (const std::string& path : request.update_mask().paths()) {
    CAIRN_ASSIGN_OR_RETURN(const bool about_tags, tags.Take(path));
    name |= path == "display_name" || path == "*";
    if (!about_tags && path != "display_name" && !IsOutputOnly(path)) {
      return InvalidField(ErrorReason::UPDATE_MASK_INVALID, "update_mask", path,
                          "must name display_name, tags or tags.KEY");
    }
  }
  if (name) current.set_display_name(wanted.display_name());
  *current.mutable_tags() = tags.Apply(current.tags(), wanted.tags());
  return absl::OkStatus();
}

absl::Status ValidateExperiment(const Experiment& experiment) {
  CAIRN_RETURN_IF_ERROR(ValidateHumanName("experiment.display_name", experiment.display_name(),
                                          kMaxExperimentNameBytes, /*allow_slash=*/true));
  return ValidateMap("experiment.tags", experiment.tags(), kMaxExperimentTagValueBytes);
}

}  // namespace

absl::Status EnsureDefaultExperiment(storage::KvStore& store, int64_t now_unix_nanos) {
  CAIRN_ASSIGN_OR_RETURN(const auto existing,
                         store.GetSnapshot()->Get(storage::ExperimentKey(kDefaultExperimentId)));
  if (existing.has_value()) return absl::OkStatus();
  Experiment experiment;
  experiment.set_name(ExperimentName(kDefaultExperimentId));
  experiment.set_display_name("Default");
  *experiment.mutable_create_time() = ToTimestamp(now_unix_nanos);
  *experiment.mutable_update_time() = experiment.create_time();
  WriteSet write_set;
  write_set.RequireAbsent(storage::ExperimentKey(kDefaultExperimentId))
      .PutRecord(storage::ExperimentKey(kDefaultExperimentId), Payload(experiment))
      .PutRecord(storage::ExperimentByNameKey(experiment.display_name()),
                 Pointer(kDefaultExperimentId))
      .Emit(cairn::v1::Event::EXPERIMENT_CREATED, experiment);
  return store.CommitAndWait(std::move(write_set)).status();
}

absl::StatusOr<Experiment> GetExperiment(const Snapshot& snapshot,
                                         const cairn::v1::GetExperimentRequest& request,
                                         const auth::Sight& sight) {
  int64_t id = 0;
  if (request.name().empty() && !request.display_name().empty()) {
    CAIRN_ASSIGN_OR_RETURN(auto pointer,
                           storage::ReadRecord<PointerRecord>(
                               snapshot, storage::ExperimentByNameKey(request.display_name())));
    if (!pointer.has_value() || !sight.Sees(ExperimentName(pointer->value.number()))) {
      return NotFound(ErrorReason::EXPERIMENT_NOT_FOUND, "Experiment",
                      fmt::format("experiment \"{}\"", request.display_name()))
          .ToStatus();
    }
    id = pointer->value.number();
  } else {
    CAIRN_ASSIGN_OR_RETURN(id, ParseExperimentName("name", request.name()));
  }
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadExperiment(snapshot, id));
  return ToResource(std::move(stored));
}

absl::StatusOr<cairn::v1::ListExperimentsResponse> ListExperiments(
    const Snapshot& snapshot, const cairn::v1::ListExperimentsRequest& request,
    const auth::Sight& sight) {
  cairn::v1::ListExperimentsResponse response;
  CAIRN_ASSIGN_OR_RETURN(
      *response.mutable_next_page_token(),
      storage::ListPageOf<ExperimentRecord>(
          snapshot, request, storage::KeyRange::Prefix(storage::ExperimentPrefix()),
          storage::ScanOrder::kAscending, {},
          [&](const ExperimentRecord& record) {
            const Experiment& experiment = record.experiment();
            return (request.show_deleted() || !experiment.has_delete_time()) &&
                   sight.Sees(experiment.name());
          },
          [&](std::string_view, auto stored) {
            *response.add_experiments() = ToResource(std::move(stored));
            return true;
          }));
  return response;
}

absl::StatusOr<std::vector<int64_t>> VisibleExperiments(const Snapshot& snapshot,
                                                        const auth::Sight& sight) {
  std::vector<int64_t> ids;
  CAIRN_RETURN_IF_ERROR(snapshot.Scan(
      storage::KeyRange::Prefix(storage::ExperimentPrefix()), storage::ScanOrder::kAscending,
      [&](std::string_view key, const storage::Record& record) {
        const auto stored = storage::ParseStored<ExperimentRecord>(key, record);
        if (!stored.ok()) return true;
        const Experiment& experiment = stored->value.experiment();
        if (experiment.has_delete_time() || !sight.Sees(experiment.name())) return true;
        const auto id = ParseExperimentName("name", experiment.name());
        if (id.ok()) ids.push_back(*id);
        return true;
      }));
  return ids;
}

absl::StatusOr<Plan> PlanCreateExperiment(const Snapshot& snapshot,
                                          const cairn::v1::CreateExperimentRequest& request,
                                          int64_t now_unix_nanos) {
  CAIRN_RETURN_IF_ERROR(RequireField("experiment", request.has_experiment()));
  CAIRN_RETURN_IF_ERROR(ValidateExperiment(request.experiment()));
  CAIRN_RETURN_IF_ERROR(CheckNameFree(snapshot, request.experiment().display_name()));
  const storage::Key counter_key = storage::CounterKey(kExperimentCounter);
  CAIRN_ASSIGN_OR_RETURN(auto counter, storage::ReadRecord<CounterRecord>(snapshot, counter_key));
  const int64_t id = (counter.has_value() ? counter->value.value() : kDefaultExperimentId) + 1;
  CounterRecord next;
  next.set_value(id);

  Experiment experiment;
  experiment.set_name(ExperimentName(id));
  experiment.set_display_name(request.experiment().display_name());
  *experiment.mutable_tags() = request.experiment().tags();
  *experiment.mutable_create_time() = ToTimestamp(now_unix_nanos);
  *experiment.mutable_update_time() = experiment.create_time();
  WriteSet write_set;
  write_set.RequireRevision(counter_key, counter.has_value() ? counter->mod_revision : 0)
      .RequireAbsent(storage::ExperimentByNameKey(experiment.display_name()))
      .PutRecord(counter_key, next.SerializeAsString())
      .PutRecord(storage::ExperimentKey(id), Payload(experiment))
      .PutRecord(storage::ExperimentByNameKey(experiment.display_name()), Pointer(id))
      .Emit(cairn::v1::Event::EXPERIMENT_CREATED, experiment);
  return storage::MakePlan(std::move(write_set), std::move(experiment));
}

absl::StatusOr<Plan> PlanUpdateExperiment(const Snapshot& snapshot,
                                          const cairn::v1::UpdateExperimentRequest& request,
                                          int64_t now_unix_nanos) {
  CAIRN_ASSIGN_OR_RETURN(const int64_t id,
                         ParseExperimentName("experiment.name", request.experiment().name()));
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadExperiment(snapshot, id));
  CAIRN_RETURN_IF_ERROR(storage::CheckEtag(request.experiment().name(), request.experiment().etag(),
                                           stored.mod_revision));
  Experiment experiment = stored.value.experiment();
  CAIRN_RETURN_IF_ERROR(ApplyUpdate(request, experiment));
  CAIRN_RETURN_IF_ERROR(ValidateExperiment(experiment));
  const Experiment& old = stored.value.experiment();
  const bool renamed = experiment.display_name() != old.display_name();
  if (!renamed && core::SameTags(experiment.tags(), old.tags())) {
    return storage::AnswerOnly(ToResource(std::move(stored)));
  }
  *experiment.mutable_update_time() = ToTimestamp(now_unix_nanos);
  WriteSet write_set;
  if (renamed) {
    CAIRN_RETURN_IF_ERROR(CheckNameFree(snapshot, experiment.display_name()));
    write_set.RequireAbsent(storage::ExperimentByNameKey(experiment.display_name()))
        .Delete(storage::ExperimentByNameKey(old.display_name()))
        .PutRecord(storage::ExperimentByNameKey(experiment.display_name()), Pointer(id));
  }
  return PlanReplace(id, stored.mod_revision, std::move(experiment), std::move(write_set));
}

absl::StatusOr<Plan> PlanDeleteExperiment(const Snapshot& snapshot,
                                          const cairn::v1::DeleteExperimentRequest& request,
                                          int64_t now_unix_nanos) {
  CAIRN_ASSIGN_OR_RETURN(const int64_t id, ParseExperimentName("name", request.name()));
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadExperiment(snapshot, id));
  CAIRN_RETURN_IF_ERROR(storage::CheckEtag(request.name(), request.etag(), stored.mod_revision));
  if (id == kDefaultExperimentId) {
    return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::DEFAULT_EXPERIMENT,
                 "the default experiment cannot be deleted")
        .Precondition("EXPERIMENT", request.name(), "is the default experiment")
        .ToStatus();
  }
  Experiment experiment = stored.value.experiment();
  if (experiment.has_delete_time()) {
    return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::EXPERIMENT_DELETED,
                 fmt::format("{} is deleted already", request.name()))
        .With("experiment", request.name())
        .Precondition("EXPERIMENT", request.name(), "is deleted already")
        .ToStatus();
  }
  *experiment.mutable_delete_time() = ToTimestamp(now_unix_nanos);
  // It frees nothing yet, but a purge needs it.
  return PlanReplace(id, stored.mod_revision, std::move(experiment),
                     std::move(WriteSet().FreesSpace()));
}

absl::StatusOr<Plan> PlanUndeleteExperiment(const Snapshot& snapshot,
                                            const cairn::v1::UndeleteExperimentRequest& request,
                                            int64_t now_unix_nanos) {
  CAIRN_ASSIGN_OR_RETURN(const int64_t id, ParseExperimentName("name", request.name()));
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadExperiment(snapshot, id));
  Experiment experiment = stored.value.experiment();
  if (!experiment.has_delete_time()) {
    return Error(absl::StatusCode::kAlreadyExists, ErrorReason::NOT_DELETED,
                 fmt::format("{} is not deleted", request.name()))
        .With("experiment", request.name())
        .Resource("Experiment", request.name())
        .ToStatus();
  }
  experiment.clear_delete_time();
  *experiment.mutable_update_time() = ToTimestamp(now_unix_nanos);
  return PlanReplace(id, stored.mod_revision, std::move(experiment), WriteSet());
}

}  // namespace cairn::tracking
