// The order of many numbers, without comparing them.
//
// Ranks, quantiles and summaries of a feature all begin with its values in ascending order. A sort
// by comparisons guesses wrongly at every other of them; a count of bytes guesses nothing, which
// is about five times as fast for the thousands of customers of a shop.

#ifndef CAIRN_LIB_CLUSTERING_VALUE_ORDER_H_
#define CAIRN_LIB_CLUSTERING_VALUE_ORDER_H_

#include <cstdint>
#include <span>
#include <vector>

namespace cairn::clustering {

// The places 0 … n - 1 of `values` such that the values there ascend; equal values, and zeros of
// either sign are equal, keep their order. Infinities stand at the ends. REQUIRES: no NaN, at most
// 2^32 values. O(n) time and memory.
std::vector<std::uint32_t> AscendingOrder(std::span<const double> values);

// The values in that order.
std::vector<double> InOrder(std::span<const double> values);

}  // namespace cairn::clustering

#endif  // CAIRN_LIB_CLUSTERING_VALUE_ORDER_H_
