#ifndef CAIRN_SERVER_INDEX_GROUP_VALUES_H_
#define CAIRN_SERVER_INDEX_GROUP_VALUES_H_

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/core/run_filter.h"
#include "server/index/condition.h"
#include "server/index/run_columns.h"
#include "server/index/words.h"

namespace cairn::index {

// Where a value stands in the order of groups. The text is a view: of a column, or of a page token.
struct ValuePlace {
  uint64_t word = kMissingSort;  // a sort word
  bool missing = true;           // an empty text has the same word, and comes before
  std::string_view text;         // empty for metrics

  // Negative, zero or positive; zero only for the same value.
  int Compare(const ValuePlace& other, bool descending = false) const;
};

// The values of one field as codes: small numbers that are equal for equal values. 0 is no value.
// Not thread-safe; valid while the columns do not change.
class GroupValues {
 public:
  // REQUIRES: IsGroupField, and the column was not dropped.
  GroupValues(const RunColumns& columns, const core::RunFieldRef& ref);

  uint32_t CodeOf(Row row) {
    if (is_metric_) return CodeOfWord(words_.Get(row));
    if (text_ == nullptr) return 0;
    const uint32_t code = text_->codes.Get(row);
    return is_inputs_ ? CodeOfInputs(code) : code;
  }

  // REQUIRES: CodeOf answered the code.
  ValuePlace PlaceOf(uint32_t code) const;
  // As a filter spells it.
  std::string TextOf(uint32_t code) const;

 private:
  uint32_t CodeOfWord(uint64_t word) {
    if (word == kNoValue) return 0;
    const auto [found, added] = codes_.try_emplace(word, static_cast<uint32_t>(by_code_.size()));
    if (added) by_code_.push_back(word);
    return found->second;
  }

  // Inputs that read the same are one value, whatever their digests.
  uint32_t CodeOfInputs(uint32_t encoded);

  const bool is_metric_;
  const bool is_inputs_;
  const TextColumn* text_ = nullptr;  // null when no run has it
  WordSource words_;                  // of a metric
  absl::flat_hash_map<uint64_t, uint32_t> codes_;
  std::vector<uint64_t> by_code_ = {kNoValue};
  std::vector<uint32_t> inputs_of_;  // by the column's code; 0: not read yet
  absl::flat_hash_map<std::string, uint32_t> input_codes_;
  std::deque<std::string> inputs_ = {""};  // by code
};

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_GROUP_VALUES_H_
