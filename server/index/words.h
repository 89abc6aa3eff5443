#ifndef CAIRN_SERVER_INDEX_WORDS_H_
#define CAIRN_SERVER_INDEX_WORDS_H_

#include <cmath>
#include <cstdint>
#include <string_view>

#include "lib/base/numbers.h"

namespace cairn::index {

// Values as 64-bit words whose unsigned order is the order of the values, so that
// every comparison of a filter is a range of words and every order by one key is
// an order of words.
//
// A stored word is 0 for "no value". A metric is OrderedBits of its value,
// with all bits set for NaN; a time or duration is its nanoseconds with the sign bit
// flipped.

inline constexpr uint64_t kNoValue = 0;
inline constexpr uint64_t kNanValue = ~uint64_t{0};
inline constexpr uint64_t kLeastNumber = 0x000f'ffff'ffff'ffff;     // -infinity
inline constexpr uint64_t kGreatestNumber = 0xfff0'0000'0000'0000;  // +infinity

// -0 and 0 have one word, and so have all NaNs. Between the constants above lies every
// other number. None is kNoValue.
inline uint64_t NumberWord(double value) { return OrderedBits(CanonicalDouble(value)); }
// The value of such a word, or of a number's sort word. REQUIRES: it is neither kNoValue nor above
// kGreatestNumber.
inline double NumberOfWord(uint64_t word) { return FromOrderedBits(word); }
// Nanoseconds since the epoch, or of a duration. The least int64 alone would be
// kNoValue.
inline uint64_t TimeWord(int64_t nanos) {
  return static_cast<uint64_t>(nanos) ^ (uint64_t{1} << 63);
}

// Sort words, for ordering: in one key numbers come first, then NaN, then text, then
// runs without a value (core/order_by.h), so the classes lie above the numbers. The
// word of a text holds its first six bytes; equal words of texts leave the decision to
// the texts. For both directions: a descending order turns numbers and texts around,
// each within its class, and leaves the classes where they are.
inline constexpr uint64_t kNanSort = 0xfff1'0000'0000'0000;
inline constexpr uint64_t kTextSort = 0xfff2'0000'0000'0000;
inline constexpr uint64_t kTextSortBits = 0x0000'ffff'ffff'ffff;
inline constexpr uint64_t kMissingSort = ~uint64_t{0};

// Whether equal words leave the decision to the texts.
inline bool IsTextSort(uint64_t word) { return (word & ~kTextSortBits) == kTextSort; }

// A text shorter than six bytes is filled up with zero bytes. The empty text sorts as
// no value.
inline uint64_t TextSortWord(std::string_view text) {
  if (text.empty()) return kMissingSort;
  uint64_t prefix = 0;
  for (size_t i = 0; i < 6; ++i) {
    prefix = prefix << 8 | (i < text.size() ? static_cast<uint8_t>(text[i]) : 0);
  }
  return kTextSort | prefix;
}

// The nanoseconds of a TimeWord.
inline int64_t NanosOfWord(uint64_t word) {
  return static_cast<int64_t>(word ^ (uint64_t{1} << 63));
}

// From the stored word of a metric to its sort word.
inline uint64_t MetricSortWord(uint64_t stored) {
  if (stored == kNoValue) return kMissingSort;
  return stored == kNanValue ? kNanSort : stored;
}

// Turns the order around within the classes of numbers and texts. For words of times it
// is not to be used: they fill the whole range and have no classes.
inline uint64_t Descending(uint64_t sort_word) {
  if (sort_word <= kGreatestNumber) return ~sort_word;
  return IsTextSort(sort_word) ? sort_word ^ kTextSortBits : sort_word;
}

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_WORDS_H_
