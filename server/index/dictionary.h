#ifndef CAIRN_SERVER_INDEX_DICTIONARY_H_
#define CAIRN_SERVER_INDEX_DICTIONARY_H_

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"

namespace cairn::index {

// The distinct texts of a column, numbered from 1; code 0 stands for no text.
//
// Uses are counted: the code of a text that no row has any more is given to a later
// text, so a tag that changes all the time does not grow its dictionary. Not
// thread-safe; neither copyable nor movable (the hash set points into it). A look-up
// hashes the text once; everything asked by code is O(1). A column of a million
// different texts costs their bytes and about 60 bytes for each.
class Dictionary {
 public:
  // `numeric`: texts that read as numbers get the sort words of numbers.
  explicit Dictionary(bool numeric);
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;

  // The code of `text`, new or not, with one more use. A text that was there keeps its
  // code, so codes may be kept as long as they have a use.
  uint32_t Acquire(std::string_view text);

  // Takes back one use of `code`. With the last one the text is gone and views of it
  // are invalid. REQUIRES: it has one.
  void Release(uint32_t code);

  // Makes a new dictionary of `texts`, by code from 1; those that nobody uses become
  // free codes. False, leaving it unusable, if a text in use comes twice. REQUIRES: it
  // is empty, and `uses` has one entry more than `texts`. Uses are given and not
  // counted here: the caller has counted the codes of its rows.
  bool Restore(const std::vector<std::string_view>& texts, const std::vector<uint32_t>& uses);

  // The code of `text`, or 0.
  uint32_t Find(std::string_view text) const;

  // REQUIRES: `code` is in use. Valid until the code is released for the last time.
  std::string_view text(uint32_t code) const { return entries_[code].text; }

  // The sort word (words.h) of a text; that of a missing one for code 0.
  uint64_t sort_word(uint32_t code) const { return sort_words_[code]; }

  // How many rows have it; 0 for a code that is free.
  uint32_t uses(uint32_t code) const { return entries_[code].uses; }

  // How many rows have a text.
  size_t all_uses() const { return all_uses_; }

  // Every code is below this.
  uint32_t code_limit() const { return static_cast<uint32_t>(sort_words_.size()); }

  // An estimate in bytes: entries, sort words, the hash set and texts on the heap.
  // O(1).
  size_t bytes() const;

  // The bytes of texts in use that are longer than kMostShortText: notes, histories and
  // settings as JSON, which are read and rarely searched.
  static constexpr size_t kMostShortText = 256;
  size_t long_text_bytes() const { return long_text_bytes_; }

 private:
  struct Entry {
    std::string text;
    uint32_t uses = 0;
  };
  // The set holds codes only and hashes the texts behind them, so that no text is
  // stored twice. A text may be looked up without making a std::string.
  struct Hash {
    using is_transparent = void;
    const Dictionary* owner;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
    size_t operator()(uint32_t code) const { return (*this)(owner->text(code)); }
  };
  struct Equal {
    using is_transparent = void;
    const Dictionary* owner;
    bool operator()(uint32_t a, uint32_t b) const {
      return a == b || owner->text(a) == owner->text(b);
    }
    bool operator()(uint32_t a, std::string_view b) const { return owner->text(a) == b; }
    bool operator()(std::string_view a, uint32_t b) const { return owner->text(b) == a; }
  };

  // Fills the entry of a code and counts its memory, but does not put it into codes_.
  void Hold(uint32_t code, std::string_view text, uint32_t uses);

  const bool numeric_;
  std::deque<Entry> entries_;         // by code; the first stands for code 0
  std::vector<uint64_t> sort_words_;  // by code; apart from entries_, for scans
  std::vector<uint32_t> free_;        // codes without a use; the last one goes first
  size_t all_uses_ = 0;               // the sum of the entries' uses
  size_t heap_bytes_ = 0;             // of texts that do not fit into a string itself
  size_t long_text_bytes_ = 0;
  // The codes in use.
  absl::flat_hash_set<uint32_t, Hash, Equal> codes_;
};

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_DICTIONARY_H_
