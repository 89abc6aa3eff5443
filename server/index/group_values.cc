#include "server/index/group_values.h"

#include "lib/base/encoding.h"
#include "server/index/value_match.h"

namespace cairn::index {
namespace {

// EncodeInputs read back: the version of each input, or its digest where it has none.
std::string InputsText(std::string_view encoded) {
  std::string text;
  while (!encoded.empty()) {
    const InputTexts input = TakeInput(encoded);
    if (!text.empty()) text += ", ";
    text.append(input.version.empty() ? input.sha256 : input.version);
  }
  return text;
}

}  // namespace

int ValuePlace::Compare(const ValuePlace& other, bool descending) const {
  const uint64_t own = descending ? Descending(word) : word;
  const uint64_t others = descending ? Descending(other.word) : other.word;
  if (own != others) return own < others ? -1 : 1;
  if (missing != other.missing) return missing ? 1 : -1;
  // Numbers that are written in two ways too.
  const int order = text.compare(other.text);
  return descending ? -order : order;
}

GroupValues::GroupValues(const RunColumns& columns, const core::RunFieldRef& ref)
    : is_metric_(ref.field == core::RunField::kMetric),
      is_inputs_(ref.field == core::RunField::kDataset) {
  if (is_metric_) {
    words_ = WordsOf(columns, ref);
    return;
  }
  text_ = columns.text(ref.field, ref.key);
  if (is_inputs_ && text_ != nullptr) inputs_of_.assign(text_->dictionary.code_limit(), 0);
}

uint32_t GroupValues::CodeOfInputs(uint32_t encoded) {
  if (encoded == 0 || inputs_of_[encoded] != 0) return inputs_of_[encoded];
  std::string text = InputsText(text_->dictionary.text(encoded));
  const auto next = static_cast<uint32_t>(inputs_.size());
  const auto [found, added] = input_codes_.try_emplace(text, next);
  if (added) inputs_.push_back(std::move(text));
  return inputs_of_[encoded] = found->second;
}

ValuePlace GroupValues::PlaceOf(uint32_t code) const {
  if (code == 0) return {};
  if (is_metric_) return {MetricSortWord(by_code_[code]), false, {}};
  if (is_inputs_) return {TextSortWord(inputs_[code]), false, inputs_[code]};
  return {text_->dictionary.sort_word(code), false, text_->dictionary.text(code)};
}

std::string GroupValues::TextOf(uint32_t code) const {
  if (code == 0) return "";
  if (!is_metric_) return is_inputs_ ? inputs_[code] : std::string(text_->dictionary.text(code));
  const uint64_t word = by_code_[code];
  return word == kNanValue ? "nan" : ShortestDouble(NumberOfWord(word));
}

}  // namespace cairn::index
