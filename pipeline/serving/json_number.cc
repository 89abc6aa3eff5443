#include "pipeline/serving/json_number.h"

#include <charconv>
#include <system_error>

#include "pipeline/serving/wide_number.h"

namespace cairn::pipeline::serving {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr int kMostDigits = digits::kMostPower;
constexpr size_t kDivisors = kMostDigits + 1;

// 10^k, shifted so that its highest bit is set, and what division by it needs.
struct Divisor {
  uint64_t value = 0;
  uint64_t reciprocal = 0;  // floor((2^128 - 1) / value) - 2^64
  int shift = 0;
};

constexpr std::array<Divisor, kDivisors> MakeDivisors() {
  std::array<Divisor, kDivisors> divisors;
  for (size_t k = 0; k < kDivisors; ++k) {
    const int shift = std::countl_zero(digits::kPowers[k]);
    const uint64_t value = digits::kPowers[k] << shift;
    divisors[k] = {value, static_cast<uint64_t>(~Wide{0} / value), shift};
  }
  return divisors;
}

constexpr std::array<Divisor, kDivisors> kDivisorOf = MakeDivisors();

// Below 2^63 exact up to rounding; from there on anything else.
double AsDouble(uint64_t value) { return static_cast<double>(static_cast<int64_t>(value)); }

// Half of the quotient of two words by one, rounded once. `estimate` is reciprocal * high +
// dividend and `low` the dividend's lower word: the division of Möller and Granlund ("Improved
// division by invariant integers", 2011), whose first guess, one above the estimate's upper word,
// is at most one off in either direction.
double ExactHalf(Wide estimate, uint64_t low, uint64_t divisor) {
  uint64_t quotient = static_cast<uint64_t>(estimate >> 64) + 1;
  uint64_t rest = low - quotient * divisor;
  if (rest > static_cast<uint64_t>(estimate)) {
    --quotient;
    rest += divisor;
  }
  if (rest >= divisor) {
    ++quotient;
    rest -= divisor;
  }
  // What is below a double's bits only has to be told from nothing.
  const uint64_t sticky = (quotient & 1) | (rest != 0 ? 1 : 0);
  return AsDouble((quotient >> 1) | sticky);
}

bool IsNumberDigit(char c) { return c >= '0' && c <= '9'; }

// The digits of a number as they are read.
struct Digits {
  uint64_t mantissa = 0;
  int64_t count = 0;  // without leading zeros
  int64_t power = 0;  // of ten, that the mantissa is to be multiplied by

  const char* Read(const char* at, bool fraction) {
    for (; IsNumberDigit(*at); ++at) {
      if (count < kMostDigits) mantissa = mantissa * 10 + static_cast<uint64_t>(*at - '0');
      count += count > 0 || *at != '0' ? 1 : 0;
      power -= fraction ? 1 : 0;
    }
    return at;
  }
};

// The exponent behind `e`; null where there is none. No text has so many zeros that an exponent of
// more digits than are read here would make a number of it.
const char* ReadExponent(const char* at, int64_t* power) {
  const bool negative = *at == '-';
  if (*at == '-' || *at == '+') ++at;
  if (!IsNumberDigit(*at)) return nullptr;
  constexpr int64_t kEnough = 100'000'000'000'000'000;
  int64_t exponent = 0;
  for (; IsNumberDigit(*at); ++at) {
    if (exponent < kEnough) exponent = exponent * 10 + (*at - '0');
  }
  *power += negative ? -exponent : exponent;
  return at;
}

}  // namespace

// The dividend is w, shifted to its highest bit, times 2^63, so that the quotient has 63 or 64
// bits: ten or more beyond those of a double.
double NearestQuotient(uint64_t w, unsigned k) {
  if (w == 0) return 0;
  const Divisor& divisor = kDivisorOf[k];
  const int shift = std::countl_zero(w);
  const uint64_t high = (w << shift) >> 1;
  const uint64_t low = (w << shift) << 63;
  const Wide estimate = Wide{divisor.reciprocal} * high + ((Wide{high} << 64) | low);
  const auto least = static_cast<uint64_t>(estimate >> 64);
  // The exact quotient is from `least` to below `least` + 3 (see ExactHalf). Rounding is monotone,
  // so where half of both ends becomes the same double, so does half of the quotient.
  double half = AsDouble(least >> 1);
  if (half != AsDouble((least >> 1) + 2)) half = ExactHalf(estimate, low, divisor.value);
  // times 2^(1 - 63 - shift + divisor.shift), which is far from where doubles end.
  const int power = divisor.shift - shift - 62;
  return half * std::bit_cast<double>(static_cast<uint64_t>(power + 1023) << 52);
}

#if defined(__x86_64__)
namespace wide {
alignas(32) const char kZeros[32] = {'0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0',
                                     '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0',
                                     '0', '0', '0', '0', '0', '0', '0', '0', '0', '0'};
alignas(32) const char kTens[32] = {10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10,
                                    10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10};
}  // namespace wide
#endif

const char* SkipNumber(const char* at) {
  if (*at == '-') ++at;
  if (!IsNumberDigit(*at)) return nullptr;
  const bool zero = *at == '0';
  ++at;
  while (!zero && IsNumberDigit(*at)) ++at;
  if (*at == '.') {
    if (!IsNumberDigit(*++at)) return nullptr;
    while (IsNumberDigit(*at)) ++at;
  }
  if ((*at | 0x20) != 'e') return at;
  int64_t power = 0;
  return ReadExponent(at + 1, &power);
}

const char* ReadNumber(const char* begin, double* value) {
  const char* at = begin;
  const bool negative = *at == '-';
  if (negative) ++at;
  if (!IsNumberDigit(*at)) return nullptr;
  Digits read;
  if (*at == '0') {
    ++at;
  } else {
    at = read.Read(at, /*fraction=*/false);
  }
  if (*at == '.') {
    if (!IsNumberDigit(*++at)) return nullptr;
    at = read.Read(at, /*fraction=*/true);
  }
  if (*at == 'e' || *at == 'E') {
    at = ReadExponent(at + 1, &read.power);
    if (at == nullptr) return nullptr;
  }
  if (read.count <= kMostDigits && read.power <= 0 && read.power >= -kMostDigits) {
    const double size = NearestQuotient(read.mantissa, static_cast<unsigned>(-read.power));
    *value = negative ? -size : size;
  } else if (std::from_chars(begin, at, *value).ec != std::errc()) {
    if (read.count > 0 && read.count + read.power > 0) return nullptr;
    *value = negative ? -0.0 : 0.0;
  }
  return at;
}

}  // namespace cairn::pipeline::serving
