#ifndef CAIRN_LIB_BASE_NUMBERS_H_
#define CAIRN_LIB_BASE_NUMBERS_H_

#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cairn {

// Doubles and texts of doubles, with one meaning everywhere. All functions are pure.

// Reads a number that fills `text`: "4", "-0.5", "1e-3", "nan", "inf", "-inf".
// No sign '+', no blanks, no hexadecimal. A number beyond the range of double is
// nullopt.
std::optional<double> ParseNumber(std::string_view text);

// -0 becomes 0 and every NaN the same NaN; other values stay.
double CanonicalDouble(double value);

// Unsigned integers in the order -inf < … < 0 < … < +inf < NaN, for canonical
// doubles. Of other doubles, -0 comes right before +0.
uint64_t OrderedBits(double value);

// The double that such bits are of.
inline double FromOrderedBits(uint64_t ordered) {
  constexpr uint64_t kSign = uint64_t{1} << 63;
  return std::bit_cast<double>((ordered & kSign) != 0 ? ordered ^ kSign : ~ordered);
}

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_NUMBERS_H_
