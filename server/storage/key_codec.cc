#include "server/storage/key_codec.h"

#include <array>
#include <bit>
#include <cmath>

#include "lib/base/numbers.h"

namespace cairn::storage {
namespace {

constexpr uint64_t kSignBit = uint64_t{1} << 63;
constexpr uint64_t kCanonicalNan = 0x7FF8000000000000;
constexpr char kZero = '\x00';
constexpr char kEscapedZero = '\xFF';
constexpr char kTerminator = '\x01';

uint64_t OrderedBits(double value) {
  if (value == 0) return kSignBit;  // both zeros
  const uint64_t bits = std::isnan(value) ? kCanonicalNan : std::bit_cast<uint64_t>(value);
  return (bits & kSignBit) ? ~bits : bits | kSignBit;
}

template <typename T>
void AppendBigEndian(std::string* out, T value) {
  std::array<char, sizeof(T)> bytes;
  for (size_t i = 0; i < sizeof(T); ++i) {
    bytes[i] = static_cast<char>((value >> (8 * (sizeof(T) - 1 - i))) & 0xFF);
  }
  out->append(bytes.data(), bytes.size());
}

template <typename T>
std::optional<T> TakeBigEndian(std::string_view* rest) {
  if (rest->size() < sizeof(T)) return std::nullopt;
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value << 8) | static_cast<uint8_t>((*rest)[i]);
  }
  rest->remove_prefix(sizeof(T));
  return value;
}

}  // namespace

void AppendKeyString(std::string* out, std::string_view value) {
  while (!value.empty()) {
    const size_t zero = value.find(kZero);
    out->append(value.substr(0, zero));
    if (zero == std::string_view::npos) break;
    out->push_back(kZero);
    out->push_back(kEscapedZero);
    value.remove_prefix(zero + 1);
  }
  out->push_back(kZero);
  out->push_back(kTerminator);
}

void AppendKeyInt64(std::string* out, int64_t value) {
  AppendBigEndian64(out, static_cast<uint64_t>(value) ^ kSignBit);
}

void AppendKeyInt64Descending(std::string* out, int64_t value) {
  AppendBigEndian64(out, ~(static_cast<uint64_t>(value) ^ kSignBit));
}

void AppendKeyDouble(std::string* out, double value) { AppendBigEndian64(out, OrderedBits(value)); }

void AppendBigEndian32(std::string* out, uint32_t value) { AppendBigEndian(out, value); }
void AppendBigEndian64(std::string* out, uint64_t value) { AppendBigEndian(out, value); }

std::optional<uint8_t> KeyReader::ReadByte() { return TakeBigEndian<uint8_t>(&rest_); }

std::optional<std::string> KeyReader::ReadString() {
  std::string value;
  while (true) {
    const size_t zero = rest_.find(kZero);
    if (zero == std::string_view::npos || zero + 1 >= rest_.size()) return std::nullopt;
    const char next = rest_[zero + 1];
    value.append(rest_.substr(0, zero));
    rest_.remove_prefix(zero + 2);
    if (next == kTerminator) return value;
    if (next != kEscapedZero) return std::nullopt;
    value.push_back(kZero);
  }
}

std::optional<int64_t> KeyReader::ReadInt64() {
  const auto bits = ReadBigEndian64();
  if (!bits) return std::nullopt;
  return static_cast<int64_t>(*bits ^ kSignBit);
}

std::optional<int64_t> KeyReader::ReadInt64Descending() {
  const auto bits = ReadBigEndian64();
  if (!bits) return std::nullopt;
  return static_cast<int64_t>(~*bits ^ kSignBit);
}

std::optional<double> KeyReader::ReadDouble() {
  const auto bits = ReadBigEndian64();
  if (!bits) return std::nullopt;
  return FromOrderedBits(*bits);
}

std::optional<uint32_t> KeyReader::ReadBigEndian32() { return TakeBigEndian<uint32_t>(&rest_); }
std::optional<uint64_t> KeyReader::ReadBigEndian64() { return TakeBigEndian<uint64_t>(&rest_); }

std::string PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<uint8_t>(end.back()) == 0xFF) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<uint8_t>(end.back()) + 1);
  return end;
}

}  // namespace cairn::storage
