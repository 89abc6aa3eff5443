#ifndef CAIRN_SERVER_REGISTRY_DECISION_CANDIDATES_H_
#define CAIRN_SERVER_REGISTRY_DECISION_CANDIDATES_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/internal/records.pb.h"
#include "cairn/v1/promotion.pb.h"
#include "server/storage/kv_store.h"
#include "server/storage/write_set.h"

namespace cairn::registry {

// The candidates of decisions, a record each (lib/promotion/stored_candidates.h). Decisions from
// before have them in their own record; here both read alike. Pure but for reading.

// A decision's place, as in its name.
struct DecisionRef {
  std::string model;
  std::string channel;
  std::string id;
};

// INVALID_ARGUMENT (NAME_INVALID).
absl::StatusOr<DecisionRef> ParseDecisionName(std::string_view field, std::string_view name);

// Adds the records of a decision that is new.
void PutCandidates(const DecisionRef& ref, std::vector<std::string> records,
                   storage::WriteSet& write_set);

// Puts the candidates into a decision as it was read. DATA_LOSS (RECORD_CORRUPT) if they are not
// those that the decision was stored with.
absl::Status ReadCandidates(const storage::Snapshot& snapshot, const DecisionRef& ref,
                            cairn::internal::DecisionRecord& record);

// One page of a decision's candidates, newest version first. Errors are those of PromotionService's
// method of the same name.
absl::StatusOr<cairn::v1::ListDecisionCandidatesResponse> ListDecisionCandidates(
    const storage::Snapshot& snapshot, const cairn::v1::ListDecisionCandidatesRequest& request);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_DECISION_CANDIDATES_H_
