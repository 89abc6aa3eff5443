#ifndef CAIRN_LIB_PROMOTION_ADMISSION_H_
#define CAIRN_LIB_PROMOTION_ADMISSION_H_

#include <map>
#include <string>
#include <vector>

#include "cairn/v1/promotion.pb.h"
#include "cairn/v1/registry.pb.h"
#include "lib/promotion/evidence.h"
#include "lib/promotion/policy.h"

namespace cairn::promotion {

// Whether a version may be a candidate at all, before any check of the policy looks at it.
//
// It must be READY and not held, its run, if it has one, must have ended well, and
// `candidates.where` must select it. The version that is served is held against its state alone:
// that its run was resumed or deleted afterwards, that it grew old, or that it is to stay away once
// it is left, must not move the channel.

// A reason why a version is no candidate.
struct Exclusion {
  cairn::v1::CheckResult check;  // `candidate.state`, `.held`, `.run` or `.where`; FAIL
  std::string kind;              // to count by: "ARCHIVED", "of a run that is FAILED"
};

// Every reason; empty for a version that is a candidate. `hold` is null for one that is not held.
// Pure.
std::vector<Exclusion> Exclusions(const Policy& policy, const VersionRead& version, bool is_served,
                                  const cairn::v1::Hold* hold,
                                  const std::map<std::string, std::string>& time_facts);

// How many versions were left out, by the kind of the first reason of each.
using LeftOut = std::map<std::string, int>;

// "; 3 versions are left out: 2 ARCHIVED, 1 of a run that is FAILED", to follow a sentence; empty
// for none.
std::string LeftOutText(const LeftOut& left_out);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_ADMISSION_H_
