#ifndef CAIRN_SERVER_INDEX_CONDITION_LIMITS_H_
#define CAIRN_SERVER_INDEX_CONDITION_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace cairn::index {

// Shared by condition.cc and condition_bind.cc only.

// A text that has not been compared yet.
inline constexpr uint8_t kUnknown = 2;

// Dictionaries up to this size are compared as a whole when a condition is bound;
// larger ones text by text, as rows that have them come up.
inline constexpr size_t kJudgedAtOnce = 4096;

// A chunk with at most this many rows left is decided row by row.
inline constexpr size_t kFewRows = 96;

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_CONDITION_LIMITS_H_
