#ifndef CAIRN_LIB_PROMOTION_WHERE_WORDS_H_
#define CAIRN_LIB_PROMOTION_WHERE_WORDS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "lib/promotion/where.h"

namespace cairn::promotion {

// The words of the language of `candidates.where` (where.h), which reading and writing share. All
// functions are pure.

// Index = Where::Field.
inline constexpr std::array<std::string_view, 5> kWhereFields = {"state", "run.state", "age", "tag",
                                                                 "param"};

// Longer tokens before those that they begin with.
inline constexpr std::array<std::pair<std::string_view, Where::Op>, 7> kWhereOps = {{
    {"==", Where::Op::kEqual},
    {"!=", Where::Op::kUnequal},
    {"<=", Where::Op::kAtMost},
    {">=", Where::Op::kAtLeast},
    {"<", Where::Op::kLess},
    {">", Where::Op::kGreater},
    {"in", Where::Op::kIn},
}};

// Whether values must have an order for the comparison.
constexpr bool IsOrdered(Where::Op op) {
  return op == Where::Op::kLess || op == Where::Op::kAtMost || op == Where::Op::kGreater ||
         op == Where::Op::kAtLeast;
}

// The texts that a field can have; empty if it can have any.
std::span<const std::string_view> WordsOf(Where::Field field);

// "30d" in seconds; nullopt if it is none, or longer than 36,500 days.
std::optional<int64_t> ParseDurationText(std::string_view text);
// In the largest unit that leaves no rest; ParseDurationText's inverse.
std::string DurationText(int64_t seconds);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_WHERE_WORDS_H_
