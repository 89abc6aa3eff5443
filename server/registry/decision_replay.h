#ifndef CAIRN_SERVER_REGISTRY_DECISION_REPLAY_H_
#define CAIRN_SERVER_REGISTRY_DECISION_REPLAY_H_

#include "absl/status/statusor.h"
#include "cairn/v1/promotion.pb.h"
#include "server/storage/kv_store.h"

namespace cairn::registry {

// Makes a stored decision again (lib/promotion/replay.h) from what the store keeps of it: the
// values that it read, and the policy's text that its audit entry names. None of them is believed:
// each is digested and compared with what the decision says that it read. Pure but for reading.
//
// - INVALID_ARGUMENT (NAME_INVALID), NOT_FOUND (DECISION_NOT_FOUND)
// - DATA_LOSS (AUDIT_CHAIN_BROKEN): it comes out differently, or something it was made from is not
//   kept or is not what it read; metadata `decision` and `key` say what.
absl::StatusOr<cairn::v1::ReplayDecisionResponse> ReplayDecision(
    const storage::Snapshot& snapshot, const cairn::v1::ReplayDecisionRequest& request);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_DECISION_REPLAY_H_
