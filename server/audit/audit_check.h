#ifndef CAIRN_SERVER_AUDIT_AUDIT_CHECK_H_
#define CAIRN_SERVER_AUDIT_AUDIT_CHECK_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "server/storage/kv_store.h"

namespace cairn::audit {

// What `cairnd check` says of the audit.
struct CheckedAudit {
  int64_t entries = 0;
  int64_t decisions = 0;  // made again, each with the same bytes
  // Entries from which on a key signs that nobody vouched for, because the one before was lost.
  std::vector<int64_t> lost_keys;
};

// Verifies the whole audit of a store that nobody writes to: the chain up to where the store says
// that it ends, the signatures of the checkpoints that are kept, and every decision that this
// edition of the code made. Holds it in memory.
//
// A store from before there was an audit has none, which is no damage. DATA_LOSS
// (AUDIT_CHAIN_BROKEN, RECORD_CORRUPT) for the first thing that is not as it was written.
absl::StatusOr<CheckedAudit> CheckAudit(std::unique_ptr<storage::Snapshot> snapshot);

}  // namespace cairn::audit

#endif  // CAIRN_SERVER_AUDIT_AUDIT_CHECK_H_
