#include "pipeline/serving/number_text.h"

#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>

namespace cairn::pipeline::serving {
namespace {

__extension__ using Word128 = unsigned __int128;

constexpr std::array<uint64_t, 20> kPowersOfTen = [] {
  std::array<uint64_t, 20> powers{1};
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

constexpr int kFractionBits = 52;
constexpr int kBias = 1023;
constexpr uint64_t kFraction = (uint64_t{1} << kFractionBits) - 1;
constexpr int kLeastExponent = -7;

// A number as digits * 10^-behind.
struct Decimal {
  uint64_t digits = 0;
  int behind = 0;
};

// The shortest decimal in what rounds to c / 2^shift, but for zeros at its end. REQUIRES:
// 2^52 < c < 2^53, 1 <= shift <= 59.
//
// With 10^n as the least power of ten above 2^shift, c * 10^n / 2^shift has at most 17 digits
// before its point, and what rounds to c lies less than 5 around it, but at least a half. So at
// most one multiple of ten is in there, which the shortest decimal has to be if there is one
// (Giulietti, "The Schubfach way to render doubles", 2020), and one of the two neighbours is for
// sure. All of that is as likely as not, so nothing branches.
Decimal Shortest(uint64_t c, int shift) {
  const int n = (shift * 1233 >> 12) + 1;  // log10(2) is about 1233 / 4096
  const uint64_t power = kPowersOfTen[static_cast<size_t>(n)];
  const Word128 scaled = Word128{c} * power;
  const auto whole = static_cast<uint64_t>(scaled >> shift);
  const uint64_t tens = whole / 10;
  // In units of 2^-(shift + 1): how far the number is above `whole`, and how far it may be changed.
  // The ends belong to even numbers only.
  const uint64_t one = uint64_t{1} << (shift + 1);
  const uint64_t above = (static_cast<uint64_t>(scaled) << 1) & (one - 1);
  const uint64_t room = power - (c & 1);
  const uint64_t above_tens = above + one * (whole - tens * 10);
  const bool next_ten = one * 10 - above_tens <= room;
  const bool ten = next_ten || above_tens <= room;
  const bool below_fits = above <= room;
  const bool above_fits = one - above <= room;
  const bool above_nearer = above + (whole & 1) > one >> 1;  // in the middle the even one
  const bool next_one = above_fits && (above_nearer || !below_fits);
  return ten ? Decimal{tens + (next_ten ? 1 : 0), n - 1} : Decimal{whole + (next_one ? 1 : 0), n};
}

// Eight digits as text, with zeros before them. Halves, quarters and eighths are taken apart in
// lanes of one word, the first digit in its lowest byte.
void WriteEight(uint32_t value, char* at) {
  const uint64_t fours = value / 10'000 | uint64_t{value % 10'000} << 32;
  const uint64_t hundreds = (fours * 10'486 >> 20) & 0x0000007F0000007F;
  const uint64_t twos = hundreds | (fours - 100 * hundreds) << 16;
  const uint64_t tens = (twos * 103 >> 10) & 0x000F000F000F000F;
  uint64_t text = (tens | (twos - 10 * tens) << 8) | 0x3030303030303030;
  if constexpr (std::endian::native == std::endian::big) text = __builtin_bswap64(text);
  std::memcpy(at, &text, sizeof(text));
}

}  // namespace

char* WriteNumber(double value, char* at) {
  const auto bits = std::bit_cast<uint64_t>(value);
  const int exponent = static_cast<int>(bits >> kFractionBits) - kBias;  // huge with a sign
  if (exponent < kLeastExponent || exponent >= kFractionBits || (bits & kFraction) == 0) {
    return std::to_chars(at, at + kNumberTextRoom, value).ptr;
  }
  Decimal decimal = Shortest((bits & kFraction) | (kFraction + 1), kFractionBits - exponent);
  while (decimal.behind > 0 && decimal.digits % 10 == 0) {
    decimal.digits /= 10;
    --decimal.behind;
  }
  // Whole numbers may be shorter with an exponent.
  if (decimal.behind == 0) return std::to_chars(at, at + kNumberTextRoom, value).ptr;
  const auto whole = static_cast<uint64_t>(value);
  const auto behind = static_cast<size_t>(decimal.behind);
  const uint64_t fraction = decimal.digits - whole * kPowersOfTen[behind];
  at = whole < 10 ? (*at = static_cast<char>('0' + whole), at + 1)
                  : std::to_chars(at, at + kNumberTextRoom, whole).ptr;
  *at++ = '.';
  char text[48] = {};
  WriteEight(static_cast<uint32_t>(fraction / 10'000'000'000'000'000), text);
  WriteEight(static_cast<uint32_t>(fraction / 100'000'000 % 100'000'000), text + 8);
  WriteEight(static_cast<uint32_t>(fraction % 100'000'000), text + 16);
  std::memcpy(at, text + 24 - behind, 24);
  return at + behind;
}

}  // namespace cairn::pipeline::serving
