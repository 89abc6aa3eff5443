#ifndef CAIRN_LIB_PROMOTION_VERDICT_H_
#define CAIRN_LIB_PROMOTION_VERDICT_H_

#include <string_view>

#include "cairn/v1/promotion.pb.h"

namespace cairn::promotion {

using cairn::v1::Verdict;

// The five verdicts and how they combine. All functions are pure and total;
// VERDICT_UNSPECIFIED, and any value this server does not know, counts as ERROR,
// so that a forgotten assignment can never promote anything.
//
// PASS, FAIL and INCONCLUSIVE follow strong Kleene logic (true, false, unknown).
// ERROR swallows everything, also behind an `or`: what could not be evaluated
// never turns into success. SKIPPED is neutral: it leaves the other operand.
// The tables stand in docs/promotion.md.

// `a and b`.
Verdict And(Verdict a, Verdict b);

// `a or b`.
Verdict Or(Verdict a, Verdict b);

// `not a`: exchanges PASS and FAIL.
Verdict Not(Verdict a);

// The worse of two by ERROR > FAIL > INCONCLUSIVE > PASS > SKIPPED; the result
// of a policy is the worst of its enforced checks.
Verdict Worst(Verdict a, Verdict b);

// The name of a verdict on the wire: "PASS", "INCONCLUSIVE", ….
std::string_view VerdictName(Verdict verdict);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_VERDICT_H_
