#ifndef CAIRN_SERVER_INDEX_RUN_LOADER_H_
#define CAIRN_SERVER_INDEX_RUN_LOADER_H_

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/index/run_columns.h"
#include "server/index/run_index.h"
#include "server/storage/kv_store.h"

namespace cairn::index {

// From the store's records to columns. Errors are those of Snapshot::Scan, and
// DATA_LOSS (RECORD_CORRUPT) for a record that cannot be read.

// Fills empty columns with every run of `snapshot`: one scan each of runs,
// params, tags, metric summaries and experiments, all in the order of run ids.
// Drops columns whenever they outgrow `max_bytes`.
absl::Status LoadColumns(const storage::Snapshot& snapshot, size_t max_bytes, RunColumns& columns);

// The run as it is in `snapshot`; of kind kRemoved if it is not there.
absl::StatusOr<RunChange> ReadRunChange(const storage::Snapshot& snapshot, std::string_view run_id);

// The run's metrics of these names as they are in `snapshot`, or all of them without
// any; of kind kMetrics. Reads nothing but the summaries.
absl::StatusOr<RunChange> ReadMetricChange(const storage::Snapshot& snapshot,
                                           std::string_view run_id,
                                           const std::set<std::string>& names);

// The experiment as it is in `snapshot`.
absl::StatusOr<ExperimentChange> ReadExperimentChange(const storage::Snapshot& snapshot,
                                                      int64_t experiment_id);

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_RUN_LOADER_H_
