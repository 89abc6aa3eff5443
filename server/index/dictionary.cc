#include "server/index/dictionary.h"

#include <utility>

#include "lib/base/numbers.h"
#include "server/index/words.h"

namespace cairn::index {
namespace {

// Bytes that a string takes besides itself.
size_t HeapBytes(const std::string& text) {
  return text.capacity() > std::string().capacity() ? text.capacity() + 1 : 0;
}

size_t LongBytes(std::string_view text) {
  return text.size() > Dictionary::kMostShortText ? text.size() : 0;
}

uint64_t SortWordOf(bool numeric, std::string_view text) {
  if (numeric) {
    if (const auto number = ParseNumber(text)) return MetricSortWord(NumberWord(*number));
  }
  return TextSortWord(text);
}

}  // namespace

Dictionary::Dictionary(bool numeric)
    : numeric_(numeric),
      entries_(1),
      sort_words_{kMissingSort},
      codes_(0, Hash{this}, Equal{this}) {}

void Dictionary::Hold(uint32_t code, std::string_view text, uint32_t uses) {
  Entry& entry = entries_[code];
  entry = {std::string(text), uses};
  sort_words_[code] = SortWordOf(numeric_, text);
  heap_bytes_ += HeapBytes(entry.text);
  long_text_bytes_ += LongBytes(text);
}

uint32_t Dictionary::Acquire(std::string_view text) {
  ++all_uses_;
  const auto found = codes_.find(text);
  if (found != codes_.end()) {
    ++entries_[*found].uses;
    return *found;
  }
  uint32_t code = code_limit();
  if (!free_.empty()) {
    code = free_.back();
    free_.pop_back();
  } else {
    entries_.emplace_back();
    sort_words_.push_back(kMissingSort);
  }
  Hold(code, text, 1);
  codes_.insert(code);
  return code;
}

void Dictionary::Release(uint32_t code) {
  Entry& entry = entries_[code];
  --all_uses_;
  if (--entry.uses > 0) return;
  codes_.erase(code);
  heap_bytes_ -= HeapBytes(entry.text);
  long_text_bytes_ -= LongBytes(entry.text);
  entry.text = std::string();
  sort_words_[code] = kMissingSort;
  free_.push_back(code);
}

bool Dictionary::Restore(const std::vector<std::string_view>& texts,
                         const std::vector<uint32_t>& uses) {
  entries_.resize(texts.size() + 1);
  sort_words_.resize(texts.size() + 1, kMissingSort);
  codes_.reserve(texts.size());
  for (uint32_t code = 1; code < entries_.size(); ++code) {
    if (uses[code] == 0) {
      free_.push_back(code);
      continue;
    }
    Hold(code, texts[code - 1], uses[code]);
    all_uses_ += uses[code];
    if (!codes_.insert(code).second) return false;
  }
  return true;
}

uint32_t Dictionary::Find(std::string_view text) const {
  const auto found = codes_.find(text);
  return found == codes_.end() ? 0 : *found;
}

size_t Dictionary::bytes() const {
  return entries_.size() * sizeof(Entry) + sort_words_.capacity() * sizeof(uint64_t) +
         free_.capacity() * sizeof(uint32_t) + codes_.capacity() * (sizeof(uint32_t) + 1) +
         heap_bytes_;
}

}  // namespace cairn::index
