#include "lib/tables/frequent_texts.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace cairn::tables {
namespace {

constexpr size_t kFirstCounters = 8;

}  // namespace

FrequentTexts::FrequentTexts() : slots_(kFirstCounters) {}

size_t FrequentTexts::SlotOf(uint64_t hash) const {
  const size_t mask = slots_.size() - 1;
  size_t at = hash & mask;
  while (slots_[at].count != 0 && slots_[at].hash != hash) at = (at + 1) & mask;
  return at;
}

void FrequentTexts::Add(uint64_t hash, std::string_view text) {
  Counter& counter = slots_[SlotOf(hash)];
  if (counter.count++ > 0) return;
  counter.hash = hash;
  if (free_texts_.empty()) {
    counter.text = texts_.size();
    texts_.emplace_back();
  } else {
    counter.text = free_texts_.back();
    free_texts_.pop_back();
  }
  texts_[counter.text].assign(text.substr(0, kTextBytes));
  ++used_;
  if (used_ > kCounters) {
    Decrement();
  } else if (used_ * 2 > slots_.size()) {
    Rebuild(slots_.size() * 2);
  }
}

void FrequentTexts::Rebuild(size_t slots) {
  const std::vector<Counter> old = std::exchange(slots_, std::vector<Counter>(slots));
  used_ = 0;
  for (const Counter& counter : old) {
    if (counter.count <= 0) continue;
    slots_[SlotOf(counter.hash)] = counter;
    ++used_;
  }
}

void FrequentTexts::Decrement() {
  std::vector<int64_t> counts;
  for (const Counter& counter : slots_) {
    if (counter.count > 0) counts.push_back(counter.count);
  }
  const auto median = counts.begin() + static_cast<std::ptrdiff_t>(counts.size() / 2);
  std::nth_element(counts.begin(), median, counts.end());
  const int64_t taken = *median;
  for (Counter& counter : slots_) {
    if (counter.count == 0) continue;
    counter.count = std::max<int64_t>(0, counter.count - taken);
    if (counter.count == 0) free_texts_.push_back(counter.text);
  }
  Rebuild(slots_.size());
}

std::vector<FrequentTexts::Found> FrequentTexts::Top(size_t limit) const {
  std::vector<const Counter*> found;
  for (const Counter& counter : slots_) {
    if (counter.count > 0) found.push_back(&counter);
  }
  const auto text_of = [&](const Counter* counter) -> const std::string& {
    return texts_[counter->text];
  };
  std::sort(found.begin(), found.end(), [&](const Counter* a, const Counter* b) {
    if (a->count != b->count) return a->count > b->count;
    return std::tie(text_of(a), a->hash) < std::tie(text_of(b), b->hash);
  });
  std::vector<Found> top;
  for (size_t i = 0; i < std::min(limit, found.size()); ++i) {
    top.push_back({text_of(found[i]), found[i]->count});
  }
  return top;
}

}  // namespace cairn::tables
