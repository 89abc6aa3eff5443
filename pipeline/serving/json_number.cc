#include "pipeline/serving/json_number.h"

#include <charconv>
#include <system_error>

namespace cairn::pipeline::serving {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr size_t kDivisors = digits::kMostPower + 1;

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

bool IsNumberDigit(char c) { return c >= '0' && c <= '9'; }

// The digits of a number as they are read.
struct Digits {
  uint64_t mantissa = 0;
  int count = 0;  // without leading zeros
  int power = 0;  // of ten, that the mantissa is to be multiplied by

  const char* Read(const char* at, bool fraction) {
    for (; IsNumberDigit(*at); ++at) {
      if (count < digits::kMostPower) mantissa = mantissa * 10 + static_cast<uint64_t>(*at - '0');
      count += count > 0 || *at != '0' ? 1 : 0;
      power -= fraction ? 1 : 0;
    }
    return at;
  }
};

// The exponent behind `e`; null where there is none.
const char* ReadExponent(const char* at, int* power) {
  const bool negative = *at == '-';
  if (*at == '-' || *at == '+') ++at;
  if (!IsNumberDigit(*at)) return nullptr;
  int exponent = 0;
  for (; IsNumberDigit(*at); ++at) {
    if (exponent < 100'000) exponent = exponent * 10 + (*at - '0');
  }
  *power += negative ? -exponent : exponent;
  return at;
}

}  // namespace

// The dividend is w, shifted to its highest bit, times 2^63, so that the quotient has 63 or 64
// bits: ten or more below those of a double, of which the lowest may stand for the remainder.
double NearestQuotient(uint64_t w, int k) {
  if (w == 0) return 0;
  const Divisor& divisor = kDivisorOf[static_cast<size_t>(k)];
  const int shift = std::countl_zero(w);
  const uint64_t high = (w << shift) >> 1;
  const uint64_t low = (w << shift) << 63;
  // Division of two words by one with a reciprocal, after Möller and Granlund (2011): the first
  // estimate is at most one off in either direction.
  const Wide estimate = Wide{divisor.reciprocal} * high + ((Wide{high} << 64) | low);
  uint64_t quotient = static_cast<uint64_t>(estimate >> 64) + 1;
  uint64_t rest = low - quotient * divisor.value;
  if (rest > static_cast<uint64_t>(estimate)) {
    --quotient;
    rest += divisor.value;
  }
  if (rest >= divisor.value) {
    ++quotient;
    rest -= divisor.value;
  }
  const uint64_t sticky = (quotient & 1) | (rest != 0 ? 1 : 0);
  const auto rounded = static_cast<double>(static_cast<int64_t>((quotient >> 1) | sticky));
  // 2^(1 - 63 - shift + divisor.shift), which is far from where doubles end.
  const int power = divisor.shift - shift - 62;
  return rounded * std::bit_cast<double>(static_cast<uint64_t>(power + 1023) << 52);
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
  if (read.count <= digits::kMostPower && read.power <= 0 && read.power >= -digits::kMostPower) {
    const double size = Quotient(read.mantissa, -read.power);
    *value = negative ? -size : size;
  } else if (std::from_chars(begin, at, *value).ec != std::errc()) {
    if (read.count > 0 && read.count + read.power > 0) return nullptr;
    *value = negative ? -0.0 : 0.0;
  }
  return at;
}

}  // namespace cairn::pipeline::serving
