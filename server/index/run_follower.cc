#include "server/index/run_follower.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/index/run_loader.h"

namespace cairn::index {
namespace {

constexpr std::string_view kExperiments = "experiments/";

}  // namespace

void RunFollower::OnCommit(storage::Revision revision, const std::vector<storage::Event>& events) {
  MutexLock lock(&mutex_);
  pending_.revision = revision;
  for (const storage::Event& event : events) {
    if (event.resource.compare(0, kExperiments.size(), kExperiments) != 0) continue;
    if (auto run = ParseRunName("resource", event.resource); run.ok()) {
      pending_.runs.insert(std::move(run->run_id));
    } else if (auto id = ParseExperimentName("resource", event.resource); id.ok()) {
      pending_.experiments.insert(*id);
    }
  }
}

absl::Status RunFollower::Load() {
  MutexLock drain(&drain_);
  const std::unique_ptr<storage::Snapshot> snapshot = store_.GetSnapshot();
  return index_.Fill(snapshot->revision(), [&](RunColumns& columns) {
    return LoadColumns(*snapshot, max_column_bytes_, columns);
  });
}

absl::Status RunFollower::CatchUp() {
  MutexLock drain(&drain_);
  Pending pending;
  {
    MutexLock lock(&mutex_);
    if (pending_.revision <= index_.revision()) return absl::OkStatus();
    pending = std::exchange(pending_, {});
  }
  absl::Status status = Drain(pending);
  if (!status.ok()) {
    // Nothing is lost: what was not read is read the next time.
    MutexLock lock(&mutex_);
    pending_.revision = std::max(pending_.revision, pending.revision);
    pending_.runs.merge(pending.runs);
    pending_.experiments.merge(pending.experiments);
  }
  return status;
}

absl::Status RunFollower::Drain(const Pending& pending) {
  // Taken after the commits were heard of, so it shows them all; what it shows of
  // later ones is shown again when they are heard of.
  const std::unique_ptr<storage::Snapshot> snapshot = store_.GetSnapshot();
  if (snapshot->revision() < pending.revision) {
    return Error(
        absl::StatusCode::kInternal, ErrorReason::INTERNAL_FAULT,
        fmt::format("revision {} was announced before it could be read", pending.revision));
  }
  std::vector<RunChange> runs;
  std::vector<ExperimentChange> experiments;
  for (const std::string& run_id : pending.runs) {
    CAIRN_ASSIGN_OR_RETURN(auto change, ReadRunChange(*snapshot, run_id));
    runs.push_back(std::move(change));
  }
  for (const int64_t id : pending.experiments) {
    CAIRN_ASSIGN_OR_RETURN(const auto change, ReadExperimentChange(*snapshot, id));
    experiments.push_back(change);
  }
  return index_.Apply(pending.revision, runs, experiments);
}

}  // namespace cairn::index
