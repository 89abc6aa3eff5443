#ifndef CAIRN_SERVER_CORE_CHECKS_H_
#define CAIRN_SERVER_CORE_CHECKS_H_

#include <optional>
#include <string>

#include "cairn/v1/promotion.pb.h"
#include "cairn/v1/registry.pb.h"
#include "server/core/evidence.h"
#include "server/core/policy.h"

namespace cairn::core {

// Single rules of a policy applied to one version. Every function is pure and
// returns a CheckResult with a verdict, the values, the margin and a sentence;
// what cannot be evaluated is ERROR, never an exception or a success.

// The verdict of a number in bands: NaN is INCONCLUSIVE and an infinity FAIL;
// with one band, outside it is the opposite; with two, between is INCONCLUSIVE.
cairn::v1::Verdict BandVerdict(double value, const std::optional<Interval>& pass,
                               const std::optional<Interval>& fail);

// Rules on where the version comes from: one result for each kind of lineage.
cairn::v1::CheckResult CheckLineage(const cairn::v1::ModelVersion& version, Lineage key);

// Only versions that are READY may be served.
cairn::v1::CheckResult CheckState(const cairn::v1::ModelVersion& version);

cairn::v1::CheckResult CheckGate(const Gate& gate, const cairn::v1::ModelVersion& version,
                                 const EvidencePin& pin);

// Why a comparison has nothing to compare with.
enum class NoChampion { kNone, kFirstPromotion, kIsChampion };

// `champion` is null exactly when `why_none` is not kNone; then SKIPPED.
cairn::v1::CheckResult CheckComparison(const Comparison& rule, const Policy& policy,
                                       const cairn::v1::ModelVersion& candidate,
                                       const cairn::v1::ModelVersion* champion, NoChampion why_none,
                                       const EvidencePin& pin);

// Every rule of the policy for one candidate, in order, with the verdict, the
// sentence and what would flip it; `rank` stays 0. `champion` is null when
// there is none or the policy asks for none; it may be the candidate itself.
cairn::v1::CandidateResult EvaluateCandidate(const Policy& policy,
                                             const cairn::v1::ModelVersion& candidate,
                                             const cairn::v1::ModelVersion* champion,
                                             const EvidencePin& pin);

}  // namespace cairn::core

#endif  // CAIRN_SERVER_CORE_CHECKS_H_
