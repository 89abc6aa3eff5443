#ifndef CAIRN_SERVER_INDEX_VALUE_SET_H_
#define CAIRN_SERVER_INDEX_VALUE_SET_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "server/core/run_filter.h"
#include "server/index/value_match.h"

namespace cairn::index {

// The values of one `field IN (…)`, arranged so that asking costs the same however
// many there are: what core::RunFilter decides value by value.
//
// Plain texts are looked up, numbers and times are searched for as words (words.h), and
// only values with wildcards are tried one after the other. Immutable; safe to use from
// any thread. Holds views of the predicate, which must outlive it. Making one is O(n
// log n) in the number of values.
class ValueSet {
 public:
  // REQUIRES: `in` compares by FilterOp::kIn. Values that can equal no stored word are
  // left out.
  explicit ValueSet(const core::RunPredicate& in);

  // True if a run with the text satisfies the condition. `kind` is that of the column;
  // states and what lists several names are not arranged, they are few. A text that
  // reads as a number equals any value that is the same number, quoted values excepted.
  bool HasText(TextKind kind, std::string_view text) const;

  // True if a run with the stored word does. Only for metrics, times and durations;
  // "no value" is in no set.
  bool HasWord(uint64_t word) const;

  // The texts without wildcards, in no order: all there is to look for if
  // `only_plain`.
  const absl::flat_hash_set<std::string_view>& plain() const { return plain_; }
  bool only_plain() const { return patterns_.empty(); }

  // With about how many values HasText compares a text.
  size_t comparisons(TextKind kind) const {
    const bool arranged =
        kind == TextKind::kValue || kind == TextKind::kName || kind == TextKind::kParentRun;
    return 1 + (arranged ? patterns_.size() : in_.children.size());
  }

 private:
  // For kValue: whether a value without wildcards equals the text, as a number if both
  // are.
  bool HasNumberOrText(std::string_view text) const;
  // Whether a value with wildcards matches the text.
  bool HasPattern(TextKind kind, std::string_view text) const;

  const core::RunPredicate& in_;
  std::vector<uint64_t> words_;  // sorted
  absl::flat_hash_set<std::string_view> plain_;
  // Of the plain texts, those that are to be compared as text with any value.
  absl::flat_hash_set<std::string_view> not_numbers_;
  std::vector<const core::RunPredicate*> patterns_;  // values with wildcards
};

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_VALUE_SET_H_
