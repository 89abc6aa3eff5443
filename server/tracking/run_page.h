#ifndef CAIRN_SERVER_TRACKING_RUN_PAGE_H_
#define CAIRN_SERVER_TRACKING_RUN_PAGE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "server/storage/kv_store.h"
#include "server/tracking/run_projection.h"

namespace cairn::tracking {

// Which run to read. The experiment is part of its name: a run that is not there counts
// as absent. An address may come from the index, and the run be purged since.
struct RunAddress {
  int64_t experiment_id = 0;
  std::string run_id;
};

// Reads many runs as they are in `snapshot`; nullopt for those that are absent.
//
// The runs' own records are one MultiGet. Single keys of params, tags and metrics are a
// second one; a map that is wanted whole, or by many keys, takes a scan for each run
// and may bring more keys than asked for. Etags are filled in. DATA_LOSS
// (RECORD_CORRUPT): a record is damaged. Pure but for reading. One result for each
// address, in their order.
absl::StatusOr<std::vector<std::optional<cairn::v1::Run>>> ReadRuns(
    const storage::Snapshot& snapshot, const std::vector<RunAddress>& addresses,
    const RunParts& parts);

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_RUN_PAGE_H_
