#ifndef CAIRN_PIPELINE_SERVING_ROW_PATTERN_H_
#define CAIRN_PIPELINE_SERVING_ROW_PATTERN_H_

#include <cstddef>
#include <vector>

#include "pipeline/serving/json_cursor.h"

namespace cairn::pipeline::serving {

// Rows of one body mostly differ in their numbers only: what stands between these (keys, colons,
// commas, brackets, blanks) is the same, byte for byte, in every row that a program wrote.
//
//   ,{"Hour":9,"Total_Spend":17.5}       a row, from behind the one before
//   ,{"Hour":*,"Total_Spend":*}          its pattern
//
// A row that was read and checked field by field is learnt, with the comma before it: so never the
// first of a body, which has none, and behind which the same bytes would be no JSON. Where the same
// bytes stand around numbers again, the row has the same columns once each and nothing else needs
// to be looked at: numbers are read as far as they go, so what follows one is the next token, and
// equal tokens after equal ones mean the same. Everything else is left to who reads field by field,
// and words errors.
//
// A row of more than kMostNumbers numbers is not learnt, so that a body of any size costs no more
// memory here than that.
//
// Refers to the text that was learnt from. Of one thread.
class RowPattern {
 public:
  static constexpr size_t kMostNumbers = 4096;

  // A row is learnt: begins here, behind the row before and before its comma …
  void Begin(const char* at) {
    numbers_.clear();
    at_ = at;
    whole_ = too_long_ = false;
  }
  // … has a number from `begin` to `end` that belongs to column `place`, or to none if it is -1 …
  void Note(int place, const char* begin, const char* end) {
    const bool room = numbers_.size() < kMostNumbers;
    if (room) numbers_.push_back({at_, static_cast<size_t>(begin - at_), place});
    too_long_ = !room;
    at_ = end;
  }
  // … and ends.
  void End(const char* at) {
    tail_ = {at_, static_cast<size_t>(at - at_), -1};
    whole_ = !too_long_;
  }

  // Reads one row of this pattern into `row`, the cursor being behind the row before. False, with
  // the cursor where it was and `row` spoilt: it is another, or too near to the text's end, or
  // this processor is an x86-64 without AVX2.
  bool Read(JsonCursor& cursor, double* row) const;

 private:
  struct Number {
    const char* before = nullptr;  // what stands before it
    size_t size = 0;
    int place = -1;
  };

  bool ReadNumbers(JsonCursor& cursor, double* row) const;

  std::vector<Number> numbers_;
  Number tail_;  // what stands behind the last
  const char* at_ = nullptr;
  bool whole_ = false;
  bool too_long_ = false;  // it has more than kMostNumbers
};

}  // namespace cairn::pipeline::serving

#endif  // CAIRN_PIPELINE_SERVING_ROW_PATTERN_H_
