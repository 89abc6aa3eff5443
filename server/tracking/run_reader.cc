#include "server/tracking/run_reader.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/tracking/runs.h"

namespace cairn::tracking {
namespace {

// From this many runs on, starting a thread costs less than it saves.
constexpr size_t kRunsForTwoThreads = 64;

using RunIds = std::vector<std::string_view>;
using EncodedRuns = absl::StatusOr<std::vector<EncodedRunPtr>>;

// The runs `ids`, which ascend: each thread reads one end of the keys.
EncodedRuns EncodeInHalves(const storage::Snapshot& snapshot, const RunIds& ids) {
  if (ids.size() < kRunsForTwoThreads) return EncodeRuns(snapshot, ids);
  const auto middle = ids.begin() + static_cast<std::ptrdiff_t>(ids.size() / 2);
  EncodedRuns second;
  std::thread other([&] { second = EncodeRuns(snapshot, RunIds(middle, ids.end())); });
  EncodedRuns first = EncodeRuns(snapshot, RunIds(ids.begin(), middle));
  other.join();
  CAIRN_RETURN_IF_ERROR(first.status());
  CAIRN_RETURN_IF_ERROR(second.status());
  first->insert(first->end(), std::make_move_iterator(second->begin()),
                std::make_move_iterator(second->end()));
  return first;
}

}  // namespace

absl::StatusOr<EncodedRunPtr> RunReader::Get(std::string_view name) {
  CAIRN_ASSIGN_OR_RETURN(const RunName parsed, ParseRunReference("name", name));
  const auto fits = [&](const EncodedRunPtr& run) {
    return parsed.experiment_id < 0 || run->experiment_id == parsed.experiment_id;
  };
  EncodedRunPtr run = cache_.Find(parsed.run_id);
  if (run == nullptr) {
    const auto snapshot = store_.GetSnapshot();
    CAIRN_ASSIGN_OR_RETURN(auto runs, EncodeRuns(*snapshot, {parsed.run_id}));
    run = std::move(runs[0]);
    if (run != nullptr && keeps_.load(std::memory_order_acquire)) {
      cache_.Insert(parsed.run_id, run);
    }
  }
  if (run == nullptr || !fits(run)) {
    return NotFound(ErrorReason::RUN_NOT_FOUND, "Run", name).ToStatus();
  }
  return run;
}

absl::StatusOr<std::vector<EncodedRunPtr>> RunReader::Read(
    const storage::Snapshot& snapshot, const std::vector<RunAddress>& addresses) {
  std::vector<EncodedRunPtr> runs(addresses.size());
  for (size_t i = 0; i < addresses.size(); ++i) {
    EncodedRunPtr run = cache_.Find(addresses[i].run_id);
    // What was read later may have changed since the snapshot.
    if (run != nullptr && run->revision <= snapshot.revision()) runs[i] = std::move(run);
  }
  CAIRN_RETURN_IF_ERROR(ReadMissing(snapshot, addresses, runs));
  for (size_t i = 0; i < addresses.size(); ++i) {
    if (runs[i] != nullptr && runs[i]->experiment_id != addresses[i].experiment_id) {
      runs[i] = nullptr;
    }
  }
  return runs;
}

absl::Status RunReader::ReadMissing(const storage::Snapshot& snapshot,
                                    const std::vector<RunAddress>& addresses,
                                    std::vector<EncodedRunPtr>& runs) {
  std::vector<size_t> missing;
  for (size_t i = 0; i < runs.size(); ++i) {
    if (runs[i] == nullptr) missing.push_back(i);
  }
  if (missing.empty()) return absl::OkStatus();
  std::sort(missing.begin(), missing.end(),
            [&](size_t a, size_t b) { return addresses[a].run_id < addresses[b].run_id; });
  RunIds ids;
  ids.reserve(missing.size());
  for (const size_t i : missing) ids.push_back(addresses[i].run_id);
  CAIRN_ASSIGN_OR_RETURN(auto read, EncodeInHalves(snapshot, ids));
  const bool keeps = keeps_.load(std::memory_order_acquire);
  for (size_t k = 0; k < missing.size(); ++k) {
    if (read[k] == nullptr) continue;
    if (keeps) cache_.Insert(ids[k], read[k]);
    runs[missing[k]] = std::move(read[k]);
  }
  return absl::OkStatus();
}

}  // namespace cairn::tracking
