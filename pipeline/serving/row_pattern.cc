#include "pipeline/serving/row_pattern.h"

#include "pipeline/serving/json_number.h"

namespace cairn::pipeline::serving {
namespace {

// REQUIRES: a number's room can be read behind both.
bool SameBytes(const char* a, const char* b, size_t size) {
  size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    if (digits::Load(a + i) != digits::Load(b + i)) return false;
  }
  const size_t rest = size - i;
  return rest == 0 || ((digits::Load(a + i) ^ digits::Load(b + i)) << (64 - 8 * rest)) == 0;
}

}  // namespace

bool RowPattern::Read(JsonCursor& cursor, double* row) const {
  if (!whole_) return false;
  const char* at = cursor.at();
  const auto stands = [&at, end = cursor.end()](const Number& number) {
    return static_cast<size_t>(end - at) >= number.size + kNumberRoom &&
           SameBytes(number.before, at, number.size);
  };
  for (const Number& number : numbers_) {
    if (!stands(number)) return false;
    double ignored = 0;
    double* const value = number.place < 0 ? &ignored : row + number.place;
    const char* const begin = at + number.size;
    at = ReadShortNumber(begin, value);
    if (at == nullptr) at = ReadNumber(begin, value);
    if (at == nullptr) return false;
  }
  if (!stands(tail_)) return false;
  cursor.MoveTo(at + tail_.size);
  return true;
}

}  // namespace cairn::pipeline::serving
