#include "server/tracking/run_purge.h"

#include <optional>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "google/protobuf/empty.pb.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/metrics/backlog.h"
#include "server/records/lineage_edges.h"
#include "server/storage/keyspace.h"
#include "server/tracking/runs.h"

namespace cairn::tracking {
namespace {

using cairn::internal::ModelVersionRecord;
using cairn::internal::RunRecord;
using storage::Key;
using storage::KeyRange;
using storage::ScanOrder;
using storage::Snapshot;
using storage::Stored;
using storage::WriteSet;

absl::Status RunInUse(std::string_view run, std::string_view version) {
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::RUN_IN_USE,
               fmt::format("{} came from {}; the run stays as long as it is there", version, run))
      .With("run", run)
      .With("modelVersion", version)
      .Precondition("RUN", run, fmt::format("is where {} came from", version));
}

absl::Status RunNotDeleted(std::string_view run) {
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::DELETE_FIRST,
               fmt::format("{} is not deleted; delete it before it is purged", run))
      .With("run", run)
      .Precondition("RUN", run, "is not deleted");
}

// What the run led to: names that begin with `prefix`.
absl::StatusOr<std::vector<std::string>> MadeBy(const Snapshot& snapshot, const std::string& run,
                                                std::string_view prefix) {
  std::vector<std::string> made;
  CAIRN_RETURN_IF_ERROR(
      records::EachEdge(snapshot, storage::LineageDownPrefix(run), [&](const std::string& to) {
        if (to.starts_with(prefix)) made.push_back(to);
        return true;
      }));
  return made;
}

// RUN_IN_USE if a model version says that it came from `run`. `place` is where its edges begin: the
// run, or a logged model that it made.
absl::Status CheckNoVersion(const Snapshot& snapshot, const std::string& run,
                            const std::string& place) {
  CAIRN_ASSIGN_OR_RETURN(const auto made, MadeBy(snapshot, place, "models/"));
  for (const std::string& name : made) {
    CAIRN_ASSIGN_OR_RETURN(const VersionName version, ParseModelVersionName("modelVersion", name));
    CAIRN_ASSIGN_OR_RETURN(
        const auto stored,
        storage::ReadRecord<ModelVersionRecord>(
            snapshot, storage::ModelVersionKey(version.parent_id, version.version)));
    if (!stored.has_value()) continue;
    const auto& known = stored->value.version();
    if (known.run() == run || known.logged_model() == run) return RunInUse(run, name);
  }
  return absl::OkStatus();
}

// RUN_IN_USE if a model version came from the run, by way of a logged model too. One that the run
// only names as an output does not.
absl::Status CheckUnused(const Snapshot& snapshot, const std::string& run) {
  CAIRN_RETURN_IF_ERROR(CheckNoVersion(snapshot, run, run));
  CAIRN_ASSIGN_OR_RETURN(const auto logged_models, MadeBy(snapshot, run, "experiments/"));
  for (const std::string& model : logged_models) {
    CAIRN_RETURN_IF_ERROR(CheckNoVersion(snapshot, run, model));
  }
  return absl::OkStatus();
}

// Collects deletions of a run's keys, at most so many.
class KeyCollector {
 public:
  KeyCollector(const Snapshot& snapshot, size_t max_keys, WriteSet& write_set)
      : snapshot_(snapshot), max_keys_(max_keys), write_set_(write_set) {}

  bool more() const { return more_; }
  size_t count() const { return count_; }

  // One key, if it is there.
  absl::Status Take(const Key& key) {
    if (more_) return absl::OkStatus();
    CAIRN_ASSIGN_OR_RETURN(const auto record, snapshot_.Get(key));
    if (record.has_value()) Delete(key);
    return absl::OkStatus();
  }

  absl::Status TakeAll(const Key& prefix) {
    if (more_) return absl::OkStatus();
    return snapshot_.Scan(KeyRange::Prefix(prefix), ScanOrder::kAscending,
                          [&](std::string_view key, const storage::Record&) {
                            Delete({prefix.family, std::string(key)});
                            return !more_;
                          });
  }

  // The edges that lead to a logged model from runs that list it as an output.
  absl::Status TakeEdgesTo(const std::string& name) {
    absl::Status failure;
    CAIRN_RETURN_IF_ERROR(
        records::EachEdge(snapshot_, storage::LineageUpPrefix(name), [&](const std::string& from) {
          failure = Take(storage::LineageDownKey(from, name));
          if (failure.ok()) failure = Take(storage::LineageUpKey(name, from));
          return failure.ok() && !more_;
        }));
    return failure;
  }

  absl::Status TakePoints(std::string_view run_id) {
    if (more_) return absl::OkStatus();
    if (count_ >= max_keys_) {
      more_ = true;
      return absl::OkStatus();
    }
    const size_t before = write_set_.deletes.size();
    CAIRN_ASSIGN_OR_RETURN(
        more_, metrics::DeletePoints(snapshot_, run_id, max_keys_ - count_, write_set_));
    count_ += write_set_.deletes.size() - before;
    return absl::OkStatus();
  }

 private:
  void Delete(Key key) {
    more_ = count_ >= max_keys_;
    if (more_) return;
    ++count_;
    write_set_.Delete(std::move(key));
  }

  const Snapshot& snapshot_;
  const size_t max_keys_;
  WriteSet& write_set_;
  size_t count_ = 0;
  bool more_ = false;  // there are keys beyond the limit
};

// Everything of a run but its own record, the entry under its experiment and the mark.
absl::Status CollectKeys(const RunRecord& record, KeyCollector& keys) {
  const cairn::v1::Run& run = record.run();
  for (const Key& prefix :
       {storage::RunParamPrefix(run.uid()), storage::RunTagPrefix(run.uid()),
        storage::RunMetricPrefix(run.uid()), storage::ArtifactPrefix(run.name()),
        storage::LineageDownPrefix(run.name())}) {
    CAIRN_RETURN_IF_ERROR(keys.TakeAll(prefix));
  }
  std::set<std::string> inputs;
  for (const auto& input : run.inputs()) inputs.insert(input.dataset_version());
  for (const std::string& input : inputs) {
    CAIRN_RETURN_IF_ERROR(keys.Take(storage::LineageDownKey(input, run.name())));
  }
  std::set<std::string> outputs;
  for (const auto& output : run.outputs()) outputs.insert(output.resource());
  for (const std::string& output : outputs) {
    CAIRN_RETURN_IF_ERROR(keys.Take(storage::LineageUpKey(output, run.name())));
  }
  CAIRN_RETURN_IF_ERROR(keys.TakeEdgesTo(run.name()));
  if (!run.parent_run().empty()) {
    CAIRN_RETURN_IF_ERROR(keys.Take(storage::LineageDownKey(run.parent_run(), run.name())));
  }
  CAIRN_RETURN_IF_ERROR(keys.Take(storage::RunModelVersionsKey(run.name())));
  CAIRN_RETURN_IF_ERROR(keys.Take(storage::RunArtifactsKey(run.name())));
  return keys.TakePoints(run.uid());
}

// What CollectKeys needs of a record. The rest may be as large as the run, and a full disk has
// no room to write it once more.
RunRecord NamesOf(const RunRecord& record) {
  RunRecord names;
  names.set_experiment_id(record.experiment_id());
  const cairn::v1::Run& run = record.run();
  names.mutable_run()->set_name(run.name());
  names.mutable_run()->set_uid(run.uid());
  names.mutable_run()->set_parent_run(run.parent_run());
  *names.mutable_run()->mutable_inputs() = run.inputs();
  *names.mutable_run()->mutable_outputs() = run.outputs();
  return names;
}

}  // namespace

absl::StatusOr<storage::Plan> PlanPurgeRun(const Snapshot& snapshot,
                                           const cairn::v1::PurgeRunRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const auto stored, ReadRunRecord(snapshot, "name", request.name()));
  CAIRN_RETURN_IF_ERROR(storage::CheckEtag(request.name(), request.etag(), stored.mod_revision));
  if (!stored.value.run().has_delete_time()) return RunNotDeleted(stored.value.run().name());
  WriteSet write_set;
  CAIRN_RETURN_IF_ERROR(AddPurge(snapshot, stored, kMaxPurgedKeys, write_set).status());
  return storage::MakePlan(std::move(write_set), google::protobuf::Empty());
}

absl::StatusOr<size_t> AddPurge(const Snapshot& snapshot, const Stored<RunRecord>& stored,
                                size_t max_keys, WriteSet& write_set) {
  const cairn::v1::Run& run = stored.value.run();
  const Key versions = storage::RunModelVersionsKey(run.name());
  CAIRN_ASSIGN_OR_RETURN(const auto made, snapshot.Get(versions));
  CAIRN_RETURN_IF_ERROR(CheckUnused(snapshot, run.name()));
  const Key key = storage::RunKey(run.uid());
  write_set.RequireRevision(key, stored.mod_revision)
      .RequireRevision(versions, made.has_value() ? made->mod_revision : 0)
      .Delete(key)
      .Delete(storage::RunByExperimentKey(stored.value.experiment_id(),
                                          ToUnixNanos(run.start_time()), run.uid()))
      .PutRecord(storage::PurgedRunKey(run.uid()), NamesOf(stored.value).SerializeAsString())
      .Emit(run.name(), cairn::v1::Event::RUN_PURGED)
      .FreesSpace();
  KeyCollector keys(snapshot, max_keys, write_set);
  CAIRN_RETURN_IF_ERROR(CollectKeys(stored.value, keys));
  return keys.count();
}

absl::StatusOr<std::vector<std::string>> PurgedRuns(const Snapshot& snapshot, size_t limit) {
  std::vector<std::string> ids;
  absl::Status failure;
  const Key prefix = storage::PurgedRunPrefix();
  CAIRN_RETURN_IF_ERROR(snapshot.Scan(KeyRange::Prefix(prefix), ScanOrder::kAscending,
                                      [&](std::string_view key, const storage::Record&) {
                                        auto id = storage::LastStringOf(prefix, key);
                                        failure = id.status();
                                        if (id.ok()) ids.push_back(*std::move(id));
                                        return failure.ok() && ids.size() < limit;
                                      }));
  CAIRN_RETURN_IF_ERROR(failure);
  return ids;
}

absl::StatusOr<bool> PlanSweep(const Snapshot& snapshot, std::string_view run_id, size_t max_keys,
                               WriteSet& write_set) {
  const Key mark = storage::PurgedRunKey(run_id);
  CAIRN_ASSIGN_OR_RETURN(const auto stored, storage::ReadRecord<RunRecord>(snapshot, mark));
  if (!stored.has_value()) return false;
  KeyCollector keys(snapshot, max_keys, write_set);
  CAIRN_RETURN_IF_ERROR(CollectKeys(stored->value, keys));
  write_set.RequireRevision(mark, stored->mod_revision).FreesSpace();
  if (!keys.more()) write_set.Delete(mark);
  return keys.more();
}

}  // namespace cairn::tracking
