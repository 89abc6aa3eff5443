#ifndef CAIRN_LIB_PROMOTION_CANDIDATE_H_
#define CAIRN_LIB_PROMOTION_CANDIDATE_H_

#include "cairn/v1/promotion.pb.h"
#include "lib/promotion/evidence.h"
#include "lib/promotion/policy.h"

namespace cairn::promotion {

// Holds one candidate against every check of the policy, in order: its state,
// its lineage, then the policy's checks.
//
// Gives the results, the verdict, which is the worst of the enforced ones, the
// sentence that explains it and what would flip it; `rank` stays 0. `champion` is null when
// there is none or the policy asks for none; it may be the candidate itself. `hold` is why the
// candidate is kept out of the channel, null if it is not: a held one never passes.
// Pure and total.
cairn::v1::CandidateResult EvaluateCandidate(const Policy& policy, const VersionRead& candidate,
                                             const VersionRead* champion, const EvidencePin& pin,
                                             const cairn::v1::Hold* hold = nullptr);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_CANDIDATE_H_
