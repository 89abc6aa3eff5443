#ifndef CAIRN_SERVER_TRACKING_ENCODED_RUN_H_
#define CAIRN_SERVER_TRACKING_ENCODED_RUN_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/storage/kv_store.h"

namespace cairn::tracking {

// A whole run as the bytes of a cairn.v1.Run, which is how it is sent. Its records
// hold the same fields as the message, so they are joined without being parsed.
// Immutable once made; safe to use from any thread.
struct EncodedRun {
  int64_t experiment_id = 0;
  storage::Revision revision = 0;  // of the snapshot it was read at
  std::string bytes;               // with the etag; maps and metrics as AssembleRun gives them

  // What it takes in memory, about.
  size_t memory_bytes() const { return sizeof(*this) + bytes.capacity(); }
};

using EncodedRunPtr = std::shared_ptr<const EncodedRun>;

// Reads the runs `run_ids` as they are in `snapshot`: one result for each, in their
// order, null for a run that is absent.
//
// Their own records are one MultiGet; parameters, tags and metrics are read kind by
// kind in the order of run ids, so that neighbours share what is read and unpacked.
// DATA_LOSS (RECORD_CORRUPT): a record is damaged, or of another type. Pure but for
// reading.
absl::StatusOr<std::vector<EncodedRunPtr>> EncodeRuns(const storage::Snapshot& snapshot,
                                                      const std::vector<std::string_view>& run_ids);

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_ENCODED_RUN_H_
