#ifndef CAIRN_SERVER_INDEX_RUN_LOADER_H_
#define CAIRN_SERVER_INDEX_RUN_LOADER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/index/damage_log.h"
#include "server/index/run_columns.h"
#include "server/index/run_index.h"
#include "server/storage/kv_store.h"

namespace cairn::index {

// From the store's records to columns. Errors are those of Snapshot::Scan, and
// where one run or experiment is read, DATA_LOSS (RECORD_CORRUPT) for a record that
// cannot be.

// Fills empty columns with every run of `snapshot`: one scan each of runs, params,
// tags, metric summaries and experiments, all in the order of run ids. Drops columns
// whenever they outgrow `max_bytes`. A run with a damaged record is noted and left out.
// An experiment with a damaged record counts as live, so that its runs are still found.
absl::Status LoadColumns(const storage::Snapshot& snapshot, size_t max_bytes, RunColumns& columns,
                         DamageLog& damage);

// The run as it is in `snapshot`; of kind kRemoved if it is not there. Point reads and
// three short scans: O(what the run has).
absl::StatusOr<RunChange> ReadRunChange(const storage::Snapshot& snapshot, std::string_view run_id);

// The run's metrics of these names as they are in `snapshot`, or all of them without
// any; of kind kMetrics. Reads nothing but the summaries. A name that the run does not
// have is left out. It does not look whether the run exists.
absl::StatusOr<RunChange> ReadMetricChange(const storage::Snapshot& snapshot,
                                           std::string_view run_id,
                                           const std::set<std::string>& names);

// Calls `visit(id, live)` for each experiment: one that is not deleted is live, and so
// is one whose record is damaged, which is noted. In the order of their numbers.
absl::Status ScanExperiments(const storage::Snapshot& snapshot, DamageLog& damage,
                             const std::function<void(int64_t id, bool live)>& visit);

// The experiment as it is in `snapshot`. One that is not there is not live.
absl::StatusOr<ExperimentChange> ReadExperimentChange(const storage::Snapshot& snapshot,
                                                      int64_t experiment_id);

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_RUN_LOADER_H_
