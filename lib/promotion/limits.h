#ifndef CAIRN_LIB_PROMOTION_LIMITS_H_
#define CAIRN_LIB_PROMOTION_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace cairn::promotion {

// How large a policy may be, and so how much a decision may cost. A policy beyond them is
// refused when it is applied.

// Of the YAML text of a policy, in bytes.
inline constexpr size_t kMaxPolicyBytes = size_t{1} << 20;
// Of maps and lists within each other in that text.
inline constexpr int kMaxPolicyDepth = 32;
// Checks of one policy, and versions that one decision may consider.
inline constexpr size_t kMaxChecks = 200;
inline constexpr int64_t kMaxCandidates = 1000;
// The product of both, `candidates.max` times the checks: the results of a decision are stored and
// answered whole, and so many fit one message of 4 MiB.
inline constexpr int64_t kMaxResults = 2000;
// Metrics that a policy declares.
inline constexpr size_t kMaxDeclaredMetrics = 100;
// Of the condition of `candidates.where`: bytes, parentheses within each other, comparisons.
inline constexpr size_t kMaxWhereBytes = 4096;
inline constexpr int kMaxWhereDepth = 32;
inline constexpr int kMaxWhereComparisons = 64;
// Blockers that the sentence about a candidate names; the others are counted.
inline constexpr size_t kMaxBlockersTold = 5;
// Losses that would turn a candidate that passes, the smallest first.
inline constexpr size_t kMaxLossesTold = 3;
// Bytes of a value that a client named, where a sentence shows it.
inline constexpr size_t kMaxValueShown = 80;

// From how many fits a stability may be asked for, and is where a policy does not say.
inline constexpr int64_t kMinRepeats = 2;
inline constexpr int64_t kMaxRepeats = 100;
inline constexpr int64_t kDefaultRepeats = 5;

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_LIMITS_H_
