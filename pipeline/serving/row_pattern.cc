#include "pipeline/serving/row_pattern.h"

#include "pipeline/serving/json_number.h"
#include "pipeline/serving/wide_number.h"

namespace cairn::pipeline::serving {
namespace {

#if defined(__x86_64__)
using wide::ReadDigits;
using wide::SameBytes;
bool HasReader() { return HasWide(); }
#else
bool HasReader() { return true; }

// As in wide_number.h.
bool SameBytes(const char* a, const char* b, size_t size) { return std::memcmp(a, b, size) == 0; }

const char* ReadDigits(const char* at, double* value) { return ReadShortNumber(at, value); }
#endif

}  // namespace

CAIRN_WIDE bool RowPattern::ReadNumbers(JsonCursor& cursor, double* row) const {
  const char* at = cursor.at();
  const auto stands = [&at, end = cursor.end()](const Number& number) CAIRN_WIDE {
    return static_cast<size_t>(end - at) >= number.size + kNumberRoom &&
           SameBytes(number.before, at, number.size);
  };
  for (const Number& number : numbers_) {
    if (!stands(number)) return false;
    double ignored = 0;
    double* const value = number.place < 0 ? &ignored : row + number.place;
    const char* const begin = at + number.size;
    // An exponent may still follow, but that is not what stands there in the pattern.
    at = ReadDigits(begin, value);
    if (at == nullptr) at = ReadNumber(begin, value);
    if (at == nullptr) return false;
  }
  if (!stands(tail_)) return false;
  cursor.MoveTo(at + tail_.size);
  return true;
}

bool RowPattern::Read(JsonCursor& cursor, double* row) const {
  return whole_ && HasReader() && ReadNumbers(cursor, row);
}

}  // namespace cairn::pipeline::serving
