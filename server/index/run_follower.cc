#include "server/index/run_follower.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/index/run_loader.h"
#include "server/storage/event_image.h"

namespace cairn::index {
namespace {

constexpr std::string_view kExperiments = "experiments/";

// Runs are read and applied in lots of this many, or of about so many bytes, which bounds
// the memory: a run takes some times its bytes there.
constexpr size_t kRunsPerLot = 2048;
constexpr int64_t kBytesPerLot = int64_t{4} << 20;
// With more of a run's metrics than this, one scan of all is read instead.
constexpr size_t kMostSingleMetrics = 128;

}  // namespace

void RunFollower::RunParts::Add(RunParts&& later) {
  whole = whole || later.whole;
  metrics.merge(later.metrics);
  all_metrics = all_metrics || later.all_metrics || metrics.size() > kMostSingleMetrics;
  if (whole || all_metrics) metrics.clear();
}

void RunFollower::Pending::Add(const storage::Event& event) {
  if (event.resource.compare(0, kExperiments.size(), kExperiments) != 0) return;
  if (auto run = ParseRunName("resource", event.resource); run.ok()) {
    RunParts parts;
    parts.whole = event.kind != cairn::v1::Event::RUN_METRICS;
    if (!parts.whole) {
      for (const std::string_view name : storage::MetricsOfImage(event.image)) {
        parts.metrics.emplace(name);
      }
      parts.all_metrics = parts.metrics.empty();
    }
    runs[std::move(run->run_id)].Add(std::move(parts));
  } else if (auto id = ParseExperimentName("resource", event.resource); id.ok()) {
    experiments.insert(*id);
  }
}

void RunFollower::Pending::Add(Pending&& later) {
  revision = std::max(revision, later.revision);
  for (auto& [run, parts] : later.runs) runs[run].Add(std::move(parts));
  experiments.merge(later.experiments);
}

void RunFollower::OnCommit(storage::Revision revision, const std::vector<storage::Event>& events) {
  MutexLock lock(&mutex_);
  pending_.revision = revision;
  for (const storage::Event& event : events) pending_.Add(event);
}

absl::Status RunFollower::Load() {
  MutexLock drain(&drain_);
  const std::unique_ptr<storage::Snapshot> snapshot = store_.GetSnapshot();
  return index_.Fill(snapshot->revision(), [&](RunColumns& columns) {
    return LoadColumns(*snapshot, max_column_bytes_, columns, damage_);
  });
}

absl::StatusOr<LoadReport> RunFollower::LoadWith(const CheckpointDirectory& checkpoints) {
  LoadReport report;
  auto loaded = checkpoints.Load(store_, max_column_bytes_);
  const std::unique_ptr<storage::Snapshot> snapshot = store_.GetSnapshot();
  auto since = loaded.ok() ? PendingSince(loaded->revision, *snapshot) : loaded.status();
  if (!since.ok()) {
    report.refused = since.status();
    CAIRN_RETURN_IF_ERROR(Load());
    return report;
  }
  report.from_checkpoint = true;
  report.revision = loaded->revision;
  report.runs_read_again = since->runs.size();
  MutexLock drain(&drain_);
  index_.Install(loaded->revision, std::move(loaded->columns));
  {
    MutexLock lock(&mutex_);
    checkpoint_ = report.revision;
  }
  CAIRN_RETURN_IF_ERROR(Drain(*since, *snapshot));
  return report;
}

// What the event log names after `revision`, up to the snapshot's.
absl::StatusOr<RunFollower::Pending> RunFollower::PendingSince(
    storage::Revision revision, const storage::Snapshot& snapshot) const {
  Pending pending;
  pending.revision = snapshot.revision();
  CAIRN_RETURN_IF_ERROR(store_.ScanEvents(revision + 1, [&](const storage::StoredEvent& stored) {
    if (stored.revision > pending.revision) return false;
    pending.Add(stored.event);
    return true;
  }));
  return pending;
}

ChangesSince RunFollower::changes() const {
  MutexLock lock(&mutex_);
  return {changed_.runs.size(), changed_.bytes, index_.revision() - checkpoint_};
}

void RunFollower::CheckpointBegins() {
  MutexLock lock(&mutex_);
  changed_before_ = std::exchange(changed_, {});
  checkpoint_before_ = std::exchange(checkpoint_, index_.revision());
}

void RunFollower::CheckpointEnds(bool kept) {
  MutexLock lock(&mutex_);
  if (!kept) {
    for (const auto& [run_id, bytes] : changed_before_.runs) changed_.Add(run_id, bytes);
    checkpoint_ = checkpoint_before_;
  }
  changed_before_ = {};
}

// One that was read more than once counts as the most that was read of it.
void RunFollower::Changed::Add(const std::string& run_id, int64_t run_bytes) {
  int64_t& known = runs[run_id];
  bytes += std::max(int64_t{0}, run_bytes - known);
  known = std::max(known, run_bytes);
}

void RunFollower::CountChanges(const std::vector<RunChange>& runs,
                               const std::vector<int64_t>& bytes) {
  MutexLock lock(&mutex_);
  for (size_t i = 0; i < runs.size(); ++i) changed_.Add(runs[i].run_id, bytes[i]);
}

absl::Status RunFollower::CatchUp() {
  MutexLock drain(&drain_);
  Pending pending;
  {
    MutexLock lock(&mutex_);
    if (pending_.revision <= index_.revision()) return absl::OkStatus();
    pending = std::exchange(pending_, {});
    draining_ = true;
  }
  // Taken after the commits were heard of, so it shows them all; what it shows of
  // later ones is shown again when they are heard of.
  const std::unique_ptr<storage::Snapshot> snapshot = store_.GetSnapshot();
  absl::Status status = Drain(pending, *snapshot);
  MutexLock lock(&mutex_);
  draining_ = false;
  // Nothing is lost: what was not read is read the next time.
  if (!status.ok()) pending_.Add(std::move(pending));
  return status;
}

bool RunFollower::Unchanged(const std::vector<RunHit>& runs, storage::Revision index_revision,
                            storage::Revision revision) const {
  MutexLock lock(&mutex_);
  // What was heard of after the index's revision is pending as long as the index
  // stands there; what was not heard of yet nobody knows.
  if (draining_ || index_.revision() != index_revision) return false;
  if (revision != index_revision && pending_.revision < revision) return false;
  for (const RunHit& run : runs) {
    if (pending_.runs.count(run.run_id) != 0) return false;
  }
  return true;
}

absl::StatusOr<std::vector<ExperimentChange>> RunFollower::ReadExperiments(
    const std::set<int64_t>& ids, const storage::Snapshot& snapshot) {
  std::vector<ExperimentChange> changes;
  for (const int64_t id : ids) {
    const auto change = ReadExperimentChange(snapshot, id);
    if (damage_.Add(ExperimentName(id), change.status())) continue;
    CAIRN_RETURN_IF_ERROR(change.status());
    changes.push_back(*change);
  }
  return changes;
}

absl::Status RunFollower::Drain(const Pending& pending, const storage::Snapshot& snapshot) {
  if (snapshot.revision() < pending.revision) {
    return Error(
        absl::StatusCode::kInternal, ErrorReason::INTERNAL_FAULT,
        fmt::format("revision {} was announced before it could be read", pending.revision));
  }
  CAIRN_ASSIGN_OR_RETURN(const auto experiments, ReadExperiments(pending.experiments, snapshot));
  std::vector<RunChange> runs;
  std::vector<int64_t> bytes;
  int64_t lot_bytes = 0;
  for (const auto& [run_id, parts] : pending.runs) {
    if (runs.size() == kRunsPerLot || lot_bytes >= kBytesPerLot) {
      // The index stays at its revision until all is in it.
      CountChanges(runs, bytes);
      CAIRN_RETURN_IF_ERROR(index_.Apply(index_.revision(), runs));
      runs.clear();
      bytes.clear();
      lot_bytes = 0;
    }
    auto change = parts.whole ? ReadRunChange(snapshot, run_id)
                              : ReadMetricChange(snapshot, run_id, parts.metrics);
    // The index keeps the run as it knows it.
    if (damage_.Add(run_id, change.status())) continue;
    CAIRN_RETURN_IF_ERROR(change.status());
    bytes.push_back(static_cast<int64_t>(change->run.ByteSizeLong()));
    lot_bytes += bytes.back();
    runs.push_back(*std::move(change));
  }
  CountChanges(runs, bytes);
  return index_.Apply(pending.revision, runs, experiments);
}

}  // namespace cairn::index
