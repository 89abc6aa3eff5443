#ifndef CAIRN_LIB_PROMOTION_CANDIDATE_H_
#define CAIRN_LIB_PROMOTION_CANDIDATE_H_

#include <vector>

#include "cairn/v1/promotion.pb.h"
#include "lib/promotion/admission.h"
#include "lib/promotion/check.h"
#include "lib/promotion/evidence.h"
#include "lib/promotion/policy.h"

namespace cairn::promotion {

// What one candidate is held against besides itself. Everything outlives the evaluation.
struct Trial {
  const Policy& policy;
  // Null when there is none or the policy asks for none; it may be the candidate itself.
  const VersionRead* champion;
  const EvidencePin& pin;
  // Why the candidate is none (admission.h): of one that was named all the same.
  const std::vector<Exclusion>& exclusions;
};

// Holds one candidate against every check of the policy, in order: whether it is one at all, its
// lineage, then the policy's checks.
//
// Gives the results, the verdict, which is the worst of the enforced ones, the
// sentence that explains it and what would flip it; `rank` stays 0. Pure and total.
cairn::v1::CandidateResult EvaluateCandidate(const Trial& trial, const VersionRead& candidate);

// The results and the verdict alone.
cairn::v1::CandidateResult JudgeCandidate(const Trial& trial, const VersionRead& candidate);

// How the policy's checks see the candidate; `trial` outlives the context.
CheckContext ContextOf(const Trial& trial, const VersionRead& candidate);

// Whether a result is part of the verdict: neither in shadow nor skipped.
bool Counts(const cairn::v1::CheckResult& check);

// What keeps the candidate from passing, the worst first. Points into `result`.
std::vector<const cairn::v1::CheckResult*> BlockersOf(const cairn::v1::CandidateResult& result);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_CANDIDATE_H_
