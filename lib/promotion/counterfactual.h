#ifndef CAIRN_LIB_PROMOTION_COUNTERFACTUAL_H_
#define CAIRN_LIB_PROMOTION_COUNTERFACTUAL_H_

#include "cairn/v1/promotion.pb.h"
#include "lib/promotion/candidate.h"
#include "lib/promotion/evidence.h"

namespace cairn::promotion {

// What would have turned a candidate's verdict: the smallest single changes, each a value that was
// put in the place of the observed one and evaluated.
//
// For a candidate that does not pass: the value of one metric or parameter, nearest to what it is,
// with which it passes. Two rules that fail for different reasons have no single change, and then
// there is none. For one that passes: the nearest value with which it no longer does, of the rules
// that are closest to failing.

// Fills in `counterfactuals` and `would_flip`, which says the same in words, smallest change first.
// A rule that fails because something is not there, or because the version is no candidate, and
// that alone keeps the candidate from passing, has a sentence and no value. `result` is what
// JudgeCandidate gave. Pure; evaluates a rule some twenty times for each change.
void AddCounterfactuals(const Trial& trial, const VersionRead& candidate,
                        cairn::v1::CandidateResult& result);

// The candidate as the change has it: with another value in the place that it names.
VersionRead WithValue(const Policy& policy, const VersionRead& candidate,
                      const cairn::v1::Counterfactual& change);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_COUNTERFACTUAL_H_
