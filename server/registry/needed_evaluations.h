#ifndef CAIRN_SERVER_REGISTRY_NEEDED_EVALUATIONS_H_
#define CAIRN_SERVER_REGISTRY_NEEDED_EVALUATIONS_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/evaluations.pb.h"
#include "server/registry/situation.h"
#include "server/storage/kv_store.h"

namespace cairn::registry {

// What a decision wants the server to have measured, and what was measured for it alone. Pure but
// for reading.

// One evaluation by the server that a policy needs and that is not recorded.
struct NeededEvaluation {
  std::string version;    // resource names
  std::string reference;  // empty: in the version's own space
  int64_t repeats = 0;    // of how many fits its stability, and nothing else; 0: everything else
  friend bool operator==(const NeededEvaluation&, const NeededEvaluation&) = default;
};

struct NeededEvaluations {
  std::string dataset_version;  // what all of them are measured on, as a resource name
  std::vector<NeededEvaluation> missing;
  friend bool operator==(const NeededEvaluations&, const NeededEvaluations&) = default;
};

// What is missing for a decision in `situation` at that time. A policy lets the server measure by
// itself in two cases, both on the newest version of its data set:
//
// - `evidence.trust: server`: every candidate and the champion in their own spaces; their stability
//   if a rule names it; and the candidates against the champion if a check names a metric of a pair
// - `baseline.ifIncomparable: reevaluate`: the champion in its own space, the candidates against it
//
// Candidates are those of the decision (promotion/admission.h): what is held, left out by `where`
// or of a run that did not end well is not measured, also where it is named, because it is refused
// whatever it would measure. Nothing is missing for other policies and those that are off, without
// a data set, or where there are more candidates than the policy allows.
NeededEvaluations FindNeededEvaluations(const Situation& situation, int64_t now_unix_nanos);

// The same for who has read nothing yet; reads the situation only if the policy lets the server
// measure. Errors of ReadSituation.
absl::StatusOr<NeededEvaluations> FindNeededEvaluations(const storage::Snapshot& snapshot,
                                                        std::string_view channel_name,
                                                        const std::string& only_version,
                                                        int64_t now_unix_nanos);

// Evaluations that are not recorded, by the name of their version: those of a dry run.
using UnrecordedEvaluations = std::map<std::string, std::vector<v1::Evaluation>>;

// Lets `situation` be decided as if `evaluations` were recorded.
void AddUnrecorded(const UnrecordedEvaluations& evaluations, Situation& situation);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_NEEDED_EVALUATIONS_H_
