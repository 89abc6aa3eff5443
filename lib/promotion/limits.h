#ifndef CAIRN_LIB_PROMOTION_LIMITS_H_
#define CAIRN_LIB_PROMOTION_LIMITS_H_

#include <cstddef>

namespace cairn::promotion {

// How large a policy may be, and so how much a decision may cost. A policy beyond them is
// refused when it is applied.

// Of the YAML text of a policy, in bytes.
inline constexpr size_t kMaxPolicyBytes = size_t{1} << 20;
// Of maps and lists within each other in that text.
inline constexpr int kMaxPolicyDepth = 32;

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_LIMITS_H_
