#include "server/metrics/value_codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

#include "server/metrics/bit_packing.h"
#include "server/metrics/int_codec.h"
#include "server/metrics/points.h"

namespace cairn::metrics {
namespace {

using Numbers = std::array<uint64_t, kMaxColumn>;

constexpr std::array<double, kMaxDecimalExponent + 1> kPowersOfTen = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

// Integers beyond this are not tried: a double holds them, but the rounding
// below does not.
constexpr double kMaxDecimalInteger = 2251799813685248.0;  // 2^51

constexpr size_t kSampleSize = 16;
// More exceptions than one in 16 cost more than another codec.
constexpr size_t kExceptionShare = 16;
constexpr size_t kExceptionBytes = 10;

constexpr uint32_t kFloatSign = uint32_t{1} << 31;

uint32_t OrderedFloatBits(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  return (bits & kFloatSign) != 0 ? ~bits : bits | kFloatSign;
}

float FromOrderedFloatBits(uint32_t ordered) {
  return std::bit_cast<float>((ordered & kFloatSign) != 0 ? ordered ^ kFloatSign : ~ordered);
}

// The integer i with i / power == value, bit by bit.
std::optional<int64_t> AsDecimal(double value, double power) {
  const double scaled = value * power;
  if (!(std::fabs(scaled) < kMaxDecimalInteger)) return std::nullopt;
  constexpr double kRounder = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to integers
  const double rounded = (scaled + kRounder) - kRounder;
  const auto integer = static_cast<int64_t>(rounded);
  const double back = static_cast<double>(integer) / power;
  if (std::bit_cast<uint64_t>(back) != std::bit_cast<uint64_t>(value)) return std::nullopt;
  return integer;
}

// The smallest exponent under which all of a sample but a few are decimals.
std::optional<int> FindExponent(std::span<const double> values) {
  const size_t stride = std::max<size_t>(1, values.size() / kSampleSize);
  int exponent = 0;
  size_t misses = 0;
  size_t seen = 0;
  for (size_t i = 0; i < values.size(); i += stride, ++seen) {
    int needed = exponent;
    while (needed <= kMaxDecimalExponent &&
           !AsDecimal(values[i], kPowersOfTen[static_cast<size_t>(needed)])) {
      ++needed;
    }
    if (needed > kMaxDecimalExponent) {
      if (++misses > 2) return std::nullopt;
    } else {
      exponent = needed;
    }
  }
  return misses < seen ? std::optional<int>(exponent) : std::nullopt;
}

// Values as decimals, with those that are none set aside.
struct Decimals {
  int exponent = 0;
  Numbers numbers;
  std::array<uint16_t, kMaxColumn / kExceptionShare + 1> exceptions;
  size_t exception_count = 0;
};

bool ToDecimals(std::span<const double> values, Decimals& decimals) {
  const auto exponent = FindExponent(values);
  if (!exponent) return false;
  decimals.exponent = *exponent;
  decimals.exception_count = 0;
  const double power = kPowersOfTen[static_cast<size_t>(*exponent)];
  const size_t allowed = values.size() / kExceptionShare;
  uint64_t previous = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (const auto integer = AsDecimal(values[i], power)) {
      previous = static_cast<uint64_t>(*integer);
    } else {
      if (decimals.exception_count >= allowed) return false;
      decimals.exceptions[decimals.exception_count++] = static_cast<uint16_t>(i);
    }
    decimals.numbers[i] = previous;
  }
  return true;
}

// False when a value is not exact in float.
bool ToFloats(std::span<const double> values, uint64_t* numbers) {
  constexpr double kMaxFloat = std::numeric_limits<float>::max();
  for (size_t i = 0; i < values.size(); ++i) {
    const double value = values[i];
    if (std::isfinite(value) && std::fabs(value) > kMaxFloat) return false;
    const float narrow =
        std::isnan(value) ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(value);
    if (CanonicalBits(narrow) != CanonicalBits(value)) return false;
    numbers[i] = OrderedFloatBits(narrow);
  }
  return true;
}

bool AllEqual(std::span<const double> values) {
  const uint64_t first = CanonicalBits(values[0]);
  return std::all_of(values.begin(), values.end(),
                     [first](double value) { return CanonicalBits(value) == first; });
}

void WriteDecimals(const Decimals& decimals, std::span<const double> values,
                   const IntColumn& column, std::string* out) {
  out->push_back(static_cast<char>(decimals.exponent));
  AppendVarint(out, decimals.exception_count);
  for (size_t i = 0; i < decimals.exception_count; ++i) {
    AppendFixed16(out, decimals.exceptions[i]);
    AppendFixed64(out, CanonicalBits(values[decimals.exceptions[i]]));
  }
  column.Write(out);
}

bool ReadDecimals(std::string_view bytes, std::span<double> out) {
  ByteReader reader(bytes);
  const auto exponent = reader.ReadByte();
  const auto count = reader.ReadVarint();
  if (!exponent || *exponent > kMaxDecimalExponent || !count || *count > out.size()) return false;
  const auto exceptions = reader.ReadBytes(static_cast<size_t>(*count) * kExceptionBytes);
  Numbers numbers;
  if (!exceptions || !ReadIntColumn(reader.rest(), std::span(numbers).first(out.size()))) {
    return false;
  }
  const double power = kPowersOfTen[*exponent];
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<double>(static_cast<int64_t>(numbers[i])) / power;
  }
  ByteReader exception(*exceptions);
  while (!exception.AtEnd()) {
    const size_t at = *exception.ReadFixed16();
    const uint64_t bits = *exception.ReadFixed64();
    if (at >= out.size()) return false;
    out[at] = std::bit_cast<double>(bits);
  }
  return true;
}

bool ReadFloats(std::string_view bytes, std::span<double> out) {
  Numbers numbers;
  if (!ReadIntColumn(bytes, std::span(numbers).first(out.size()))) return false;
  uint64_t any = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    any |= numbers[i];
    out[i] = static_cast<double>(FromOrderedFloatBits(static_cast<uint32_t>(numbers[i])));
  }
  return any >> 32 == 0;
}

}  // namespace

ValueCodec WriteValues(std::span<const double> values, std::string* out) {
  if (AllEqual(values)) {
    AppendFixed64(out, CanonicalBits(values[0]));
    return ValueCodec::kConstant;
  }
  const size_t n = values.size();
  Decimals decimals;
  std::optional<IntColumn> decimal_column;
  size_t best = std::numeric_limits<size_t>::max();
  if (ToDecimals(values, decimals)) {
    decimal_column =
        IntColumn::Plan(std::span(decimals.numbers).first(n), IntColumn::Kind::kDecimals);
    best = decimal_column->estimated_bytes() + decimals.exception_count * kExceptionBytes;
  }
  // A decimal in two bytes or less is not beaten by a float.
  constexpr size_t kGoodBytes = 2;
  Numbers bits;
  if (best > kGoodBytes * n) {
    const bool narrow = ToFloats(values, bits.data());
    for (size_t i = 0; !narrow && i < n; ++i) bits[i] = OrderedBits(values[i]);
    const IntColumn column = IntColumn::Plan(std::span(bits).first(n), IntColumn::Kind::kFloatBits);
    if (column.estimated_bytes() < best) {
      column.Write(out);
      return narrow ? ValueCodec::kFloat32 : ValueCodec::kFloat64;
    }
  }
  WriteDecimals(decimals, values, *decimal_column, out);
  return ValueCodec::kDecimal;
}

bool ReadValues(ValueCodec codec, std::string_view bytes, std::span<double> out) {
  if (out.empty() || out.size() > kMaxColumn) return false;
  if (codec == ValueCodec::kConstant) {
    ByteReader reader(bytes);
    const auto value = reader.ReadFixed64();
    if (!value || !reader.AtEnd()) return false;
    std::fill(out.begin(), out.end(), std::bit_cast<double>(*value));
    return true;
  }
  if (codec == ValueCodec::kDecimal) return ReadDecimals(bytes, out);
  if (codec == ValueCodec::kFloat32) return ReadFloats(bytes, out);
  Numbers numbers;
  if (!ReadIntColumn(bytes, std::span(numbers).first(out.size()))) return false;
  for (size_t i = 0; i < out.size(); ++i) out[i] = FromOrderedBits(numbers[i]);
  return true;
}

}  // namespace cairn::metrics
