#ifndef CAIRN_SERVER_INDEX_CONDITION_LIMITS_H_
#define CAIRN_SERVER_INDEX_CONDITION_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace cairn::index {

// Shared by the sources of conditions and of searches only.

// A text that has not been compared yet.
inline constexpr uint8_t kUnknown = 2;

// Dictionaries up to this size are compared as a whole when a condition is bound;
// larger ones text by text, as rows that have them come up.
inline constexpr size_t kJudgedAtOnce = 4096;

// A chunk with at most this many rows left is decided row by row.
inline constexpr size_t kFewRows = 96;

// What is charged to a StopMeter, in about nanoseconds: for a chunk, and for comparing a
// text with one value, beside one for each of its bytes.
inline constexpr size_t kChunkWork = 10'000;
inline constexpr size_t kCompareWork = 40;

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_CONDITION_LIMITS_H_
