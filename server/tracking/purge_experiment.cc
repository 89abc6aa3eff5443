#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/operations/operations.h"
#include "server/storage/keyspace.h"
#include "server/storage/paging.h"
#include "server/storage/typed_record.h"
#include "server/tracking/experiments.h"
#include "server/tracking/run_operations.h"
#include "server/tracking/run_purge.h"

namespace cairn::tracking {
namespace {

using cairn::internal::ExperimentRecord;
using cairn::internal::RunRecord;
using cairn::v1::PurgeExperimentMetadata;
using cairn::v1::PurgeExperimentResponse;
using operations::Step;
using storage::Key;
using storage::KeyRange;
using storage::ScanOrder;
using storage::Snapshot;
using storage::Stored;

using StoredExperiment = std::optional<Stored<ExperimentRecord>>;

absl::StatusOr<StoredExperiment> FindExperiment(const Snapshot& snapshot, int64_t id) {
  return storage::ReadRecord<ExperimentRecord>(snapshot, storage::ExperimentKey(id));
}

absl::Status ExperimentNotDeleted(int64_t experiment_id) {
  const std::string name = ExperimentName(experiment_id);
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::DELETE_FIRST,
               fmt::format("{} is not deleted; delete it before it is purged", name))
      .With("experiment", name)
      .Precondition("EXPERIMENT", name, "is not deleted");
}

absl::Status ExperimentInUse(std::string_view experiment) {
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::RUN_IN_USE,
               fmt::format("{} has runs that model versions came from; it stays, with these runs",
                           experiment))
      .With("experiment", experiment)
      .Precondition("EXPERIMENT", experiment, "has runs that model versions came from");
}

// The cursor of the work: the last key of the index of runs that was looked at, behind
// one character that tells whether a run was left because it is in use.
struct Place {
  bool any_in_use = false;
  std::string last_key;

  static Place Parse(const std::string& cursor) {
    return cursor.empty() ? Place{} : Place{cursor[0] == '1', cursor.substr(1)};
  }
  std::string ToCursor() const { return (any_in_use ? "1" : "0") + last_key; }
};

class PurgeExperimentWork final : public operations::Work {
 public:
  explicit PurgeExperimentWork(RunSearcher& searcher) : searcher_(searcher) {}

  std::string metadata_type() const override {
    return std::string(PurgeExperimentMetadata::descriptor()->full_name());
  }

  absl::StatusOr<Step> Next(const Snapshot& snapshot, const google::protobuf::Any& any,
                            const std::string& cursor) override {
    PurgeExperimentMetadata metadata;
    any.UnpackTo(&metadata);
    CAIRN_ASSIGN_OR_RETURN(const int64_t id,
                           ParseExperimentName("experiment", metadata.experiment()));
    CAIRN_ASSIGN_OR_RETURN(const StoredExperiment experiment, FindExperiment(snapshot, id));
    if (experiment && !experiment->value.experiment().has_delete_time())
      return ExperimentNotDeleted(id);
    if (experiment && metadata.purged_run_count() == 0) {
      CAIRN_ASSIGN_OR_RETURN(const int64_t runs, CountRunsOf(metadata.experiment()));
      metadata.set_run_count(runs);
    }
    Step step;
    Place place = Place::Parse(cursor);
    CAIRN_ASSIGN_OR_RETURN(const int64_t purged, PurgeSome(snapshot, id, place, step.write_set));
    metadata.set_purged_run_count(metadata.purged_run_count() + purged);
    if (at_end_ && place.any_in_use) {
      // Only after what could be purged was committed.
      if (purged == 0) return ExperimentInUse(metadata.experiment());
    } else if (at_end_ && experiment) {
      RemoveExperiment(id, *experiment, step.write_set);
      place = Place{};  // from the beginning, for runs that were created meanwhile
    } else if (at_end_) {
      CAIRN_ASSIGN_OR_RETURN(const bool any_views, RemoveViews(snapshot, id, step.write_set));
      if (!any_views) {
        auto response = std::make_unique<PurgeExperimentResponse>();
        response->set_purged_run_count(metadata.purged_run_count());
        step.response = std::move(response);
      }
    }
    step.cursor = place.ToCursor();
    step.metadata = std::make_unique<PurgeExperimentMetadata>(std::move(metadata));
    return step;
  }

 private:
  absl::StatusOr<int64_t> CountRunsOf(const std::string& experiment) {
    cairn::v1::CountRunsRequest request;
    request.add_parents(experiment);
    request.set_show_deleted(true);
    CAIRN_ASSIGN_OR_RETURN(const auto count, searcher_.Count(request));
    return count.run_count();
  }

  // Adds the purges of some runs behind `place`, and moves it behind them.
  absl::StatusOr<int64_t> PurgeSome(const Snapshot& snapshot, int64_t experiment_id, Place& place,
                                    storage::WriteSet& write_set) {
    const KeyRange all = KeyRange::Prefix(storage::RunByExperimentPrefix(experiment_id));
    const KeyRange range = place.last_key.empty()
                               ? all
                               : storage::RangeAfter(all, place.last_key, ScanOrder::kAscending);
    std::vector<std::string> keys;
    CAIRN_RETURN_IF_ERROR(snapshot.Scan(range, ScanOrder::kAscending,
                                        [&](std::string_view key, const storage::Record&) {
                                          keys.emplace_back(key);
                                          return keys.size() < kRunsPerStep;
                                        }));
    size_t keys_left = kPurgedKeysPerStep;
    int64_t purged = 0;
    for (const std::string& key : keys) {
      CAIRN_ASSIGN_OR_RETURN(const bool gone, PurgeOne(snapshot, key, keys_left, place, write_set));
      purged += gone ? 1 : 0;
      place.last_key = key;
    }
    at_end_ = keys.size() < kRunsPerStep;
    return purged;
  }

  // False for a run that stays.
  absl::StatusOr<bool> PurgeOne(const Snapshot& snapshot, const std::string& index_key,
                                size_t& keys_left, Place& place, storage::WriteSet& write_set) {
    CAIRN_ASSIGN_OR_RETURN(const std::string run_id, storage::RunIdOfRunByExperiment(index_key));
    CAIRN_ASSIGN_OR_RETURN(const auto stored,
                           storage::ReadRecord<RunRecord>(snapshot, storage::RunKey(run_id)));
    if (!stored.has_value()) return false;
    const auto deleted =
        AddPurge(snapshot, *stored, std::min(kMaxPurgedKeys, keys_left), write_set);
    if (HasReason(deleted.status(), ErrorReason::RUN_IN_USE)) {
      place.any_in_use = true;
      return false;
    }
    CAIRN_RETURN_IF_ERROR(deleted.status());
    keys_left -= *deleted;
    return true;
  }

  // Nobody makes views any more once the experiment is gone. True if some were removed, so that
  // there may be more.
  static absl::StatusOr<bool> RemoveViews(const Snapshot& snapshot, int64_t id,
                                          storage::WriteSet& write_set) {
    for (const Key& prefix : {storage::ViewPrefix(id), storage::ViewByTitlePrefix(id)}) {
      size_t keys_left = kPurgedKeysPerStep / 2;
      CAIRN_RETURN_IF_ERROR(snapshot.Scan(KeyRange::Prefix(prefix), ScanOrder::kAscending,
                                          [&](std::string_view key, const storage::Record&) {
                                            write_set.Delete({prefix.family, std::string(key)});
                                            return --keys_left > 0;
                                          }));
    }
    return !write_set.deletes.empty();
  }

  static void RemoveExperiment(int64_t id, const Stored<ExperimentRecord>& stored,
                               storage::WriteSet& write_set) {
    const auto& experiment = stored.value.experiment();
    write_set.RequireRevision(storage::ExperimentKey(id), stored.mod_revision)
        .Delete(storage::ExperimentKey(id))
        .Delete(storage::ExperimentByNameKey(experiment.display_name()))
        .Delete(storage::ViewCountKey(id))
        .Emit(experiment.name(), cairn::v1::Event::EXPERIMENT_PURGED);
  }

  RunSearcher& searcher_;
  bool at_end_ = false;  // the last PurgeSome saw the last run
};

}  // namespace

absl::StatusOr<storage::Plan> PlanPurgeExperiment(const Snapshot& snapshot,
                                                  const cairn::v1::PurgeExperimentRequest& request,
                                                  const CallFacts& facts) {
  CAIRN_ASSIGN_OR_RETURN(const int64_t id, ParseExperimentName("name", request.name()));
  CAIRN_ASSIGN_OR_RETURN(const StoredExperiment stored, FindExperiment(snapshot, id));
  if (!stored) {
    return NotFound(ErrorReason::EXPERIMENT_NOT_FOUND, "Experiment", request.name()).ToStatus();
  }
  CAIRN_RETURN_IF_ERROR(storage::CheckEtag(request.name(), request.etag(), stored->mod_revision));
  if (id == kDefaultExperimentId) {
    return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::DEFAULT_EXPERIMENT,
                 "the default experiment cannot be purged")
        .Precondition("EXPERIMENT", request.name(), "is the default experiment")
        .ToStatus();
  }
  if (!stored->value.experiment().has_delete_time()) return ExperimentNotDeleted(id);
  PurgeExperimentMetadata metadata;
  metadata.set_experiment(ExperimentName(id));
  metadata.set_principal(facts.principal);
  metadata.add_resources(ExperimentName(id));
  if (request.validate_only()) {
    // Without a name: there is nothing to wait for.
    operations::Operation operation;
    *metadata.mutable_create_time() = ToTimestamp(facts.now_unix_nanos);
    *operation.mutable_metadata() = operations::Pack(metadata);
    const PurgeExperimentResponse nothing_yet;
    operations::MarkDone(operation, absl::OkStatus(), &nothing_yet, facts.now_unix_nanos);
    return storage::AnswerOnly(std::move(operation));
  }
  return operations::PlanCreate(operations::NewOperationId(facts.now_unix_nanos, facts.new_id),
                                facts.now_unix_nanos, metadata);
}

std::unique_ptr<operations::Work> MakePurgeExperimentWork(RunSearcher& searcher) {
  return std::make_unique<PurgeExperimentWork>(searcher);
}

}  // namespace cairn::tracking
