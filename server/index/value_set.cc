#include "server/index/value_set.h"

#include <algorithm>

#include "lib/base/numbers.h"
#include "server/index/words.h"

namespace cairn::index {
namespace {

using core::RunField;
using core::RunPredicate;

// The word that is equal to the value; kNoValue if none is.
uint64_t WordOf(const RunPredicate& equal) {
  const WordRange range = RangeOf(equal);
  return range.lo == range.hi ? range.lo : kNoValue;
}

bool HoldsWords(RunField field) {
  return IsMetricField(field) || field == RunField::kStartTime || field == RunField::kEndTime ||
         field == RunField::kCreateTime || field == RunField::kDuration;
}

}  // namespace

ValueSet::ValueSet(const RunPredicate& in) : in_(in) {
  const bool keyed = in.ref.field == RunField::kParam || in.ref.field == RunField::kTag;
  for (const RunPredicate& equal : in.children) {
    if (HoldsWords(in.ref.field)) {
      if (const uint64_t word = WordOf(equal); word != kNoValue) words_.push_back(word);
    } else if (equal.pattern.size() != 1) {
      patterns_.push_back(&equal);
    } else {
      plain_.insert(equal.pattern[0]);
      // A number without quotes is compared as one.
      if (keyed && equal.number && !equal.quoted) {
        words_.push_back(NumberWord(*equal.number));
      } else {
        not_numbers_.insert(equal.pattern[0]);
      }
    }
  }
  std::sort(words_.begin(), words_.end());
}

bool ValueSet::HasWord(uint64_t word) const {
  return word != kNoValue && std::binary_search(words_.begin(), words_.end(), word);
}

bool ValueSet::HasNumberOrText(std::string_view text) const {
  if (not_numbers_.contains(text)) return true;
  if (words_.empty()) return false;
  const auto number = ParseNumber(text);
  return number && HasWord(NumberWord(*number));
}

bool ValueSet::HasPattern(TextKind kind, std::string_view text) const {
  return std::any_of(patterns_.begin(), patterns_.end(),
                     [&](const RunPredicate* p) { return TextMatches(*p, kind, text); });
}

bool ValueSet::HasText(TextKind kind, std::string_view text) const {
  switch (kind) {
    case TextKind::kValue:
      return HasNumberOrText(text) || HasPattern(kind, text);
    case TextKind::kName:
      return plain_.contains(text) || HasPattern(kind, text);
    case TextKind::kParentRun:
      return plain_.contains(text) || plain_.contains(text.substr(text.rfind('/') + 1)) ||
             HasPattern(kind, text);
    case TextKind::kState:
    case TextKind::kDataset:
    case TextKind::kOutput:
      break;
  }
  return std::any_of(in_.children.begin(), in_.children.end(),
                     [&](const RunPredicate& p) { return TextMatches(p, kind, text); });
}

}  // namespace cairn::index
