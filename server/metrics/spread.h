#ifndef CAIRN_SERVER_METRICS_SPREAD_H_
#define CAIRN_SERVER_METRICS_SPREAD_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/storage/kv_store.h"
#include "server/storage/write_set.h"

namespace cairn::metrics {

// One step of spreading the bundles of a run over its metrics, decided at a snapshot.
struct SpreadPlan {
  // A raw batch that the step makes of the points of one metric.
  struct Batch {
    std::string metric;
    int64_t bytes = 0;  // of its payload
    int64_t first_step = 0;
  };

  // Deletes bundles, and writes a batch and a merge of the summary for each metric of
  // them. Empty when the run has none.
  storage::WriteSet write_set;
  std::vector<Batch> batches;  // those that wait to be folded afterwards
  int64_t bundles = 0;         // that go away
  int64_t bundle_bytes = 0;    // their payloads
  bool more = false;           // there may be others
  absl::Status damage;         // of the first bundle that cannot be read and stays
};

// Plans the next step for the run `run_id`: bundles are read until they have `max_bytes`
// together or, with the last, 8192 metrics. With the default the write set stays below
// 12 MiB for bundles of at most 10,000 metrics each, whatever they hold.
//
// Readers see no difference: the points and what they add to the summaries move in one
// commit. It requires that the run exists and that each bundle is as it was read, so
// that no bundle is spread twice and nothing comes back after a purge. Logging never
// conflicts with it.
//
// Commit it as it is: ABORTED (COMMIT_CONFLICT) means plan anew or give up. Pure but for
// reading; safe to call from any thread. Errors of the snapshot.
absl::StatusOr<SpreadPlan> PlanSpread(const storage::Snapshot& snapshot, std::string_view run_id,
                                      int64_t max_bytes = int64_t{512} << 10);

// Visits every run that has bundles, in the order of ids, with the bytes of their
// payloads: for the start. Errors as for ScanWaiting.
absl::Status ScanBundledRuns(const storage::Snapshot& snapshot,
                             const std::function<void(std::string run_id, int64_t bytes)>& visitor);

}  // namespace cairn::metrics

#endif  // CAIRN_SERVER_METRICS_SPREAD_H_
