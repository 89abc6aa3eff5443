#include "server/metrics/int_codec.h"

#include <algorithm>
#include <bit>

#include "server/metrics/bit_packing.h"

namespace cairn::metrics {
namespace {

using Residuals = std::array<uint64_t, kMaxColumn>;

constexpr size_t kGroupHeaderBytes = 4;  // width, shift and a base of about two bytes

// How one group of residuals is packed.
struct GroupShape {
  uint64_t base = 0;
  int width = 0;
  int shift = 0;
};

GroupShape ShapeOf(const uint64_t* residuals, size_t count, bool zero_base) {
  GroupShape shape;
  uint64_t any = 0;
  if (zero_base) {
    for (size_t i = 0; i < count; ++i) any |= residuals[i];
  } else {
    auto low = static_cast<int64_t>(residuals[0]);
    for (size_t i = 1; i < count; ++i) low = std::min(low, static_cast<int64_t>(residuals[i]));
    shape.base = static_cast<uint64_t>(low);
    for (size_t i = 0; i < count; ++i) any |= residuals[i] - shape.base;
  }
  if (any == 0) return shape;
  shape.shift = std::countr_zero(any);
  shape.width = std::bit_width(any) - shape.shift;
  return shape;
}

template <typename Visit>
void ForEachGroup(size_t count, Visit&& visit) {
  for (size_t at = 0; at < count; at += kGroup) visit(at, std::min(kGroup, count - at));
}

size_t SizeOf(const uint64_t* residuals, size_t count, bool zero_base) {
  size_t bytes = 0;
  ForEachGroup(count, [&](size_t at, size_t n) {
    bytes += kGroupHeaderBytes + PackedBytes(n, ShapeOf(residuals + at, n, zero_base).width);
  });
  return bytes;
}

void WriteGroups(const uint64_t* residuals, size_t count, bool zero_base, std::string* out) {
  std::array<uint64_t, kGroup> reduced;
  ForEachGroup(count, [&](size_t at, size_t n) {
    const GroupShape shape = ShapeOf(residuals + at, n, zero_base);
    out->push_back(static_cast<char>(shape.width));
    out->push_back(static_cast<char>(shape.shift));
    AppendVarint(out, ZigZag(shape.base));
    for (size_t i = 0; i < n; ++i) reduced[i] = (residuals[at + i] - shape.base) >> shape.shift;
    PackBits(reduced.data(), n, shape.width, out);
  });
}

bool ReadGroups(ByteReader& reader, uint64_t* out, size_t count) {
  for (size_t at = 0; at < count; at += kGroup) {
    const size_t n = std::min(kGroup, count - at);
    const auto width = reader.ReadByte();
    const auto shift = reader.ReadByte();
    const auto base = reader.ReadVarint();
    if (!width || !shift || !base || *width > 64 || *shift > 63 || *width + *shift > 64) {
      return false;
    }
    const auto packed = reader.ReadBytes(PackedBytes(n, *width));
    if (!packed) return false;
    UnpackBits(*packed, n, *width, out + at);
    const uint64_t origin = UnZigZag(*base);
    const int up = *shift;
    for (size_t i = at; i < at + n; ++i) out[i] = origin + (out[i] << up);
  }
  return true;
}

// The slope of a trend is in parts of 1024, so that it is right to a unit over a column.
constexpr int kTrendShift = 10;
static_assert(size_t{1} << kTrendShift >= kMaxColumn);

// How far the line has risen at number i.
uint64_t RiseAt(size_t i, uint64_t slope) {
  return static_cast<uint64_t>(static_cast<int64_t>(i * slope) >> kTrendShift);
}

// The slope between the means of the first and of the second half, which hardly depend on how
// late single numbers are.
uint64_t TrendOf(std::span<const uint64_t> numbers) {
  const size_t half = numbers.size() / 2;
  if (half == 0) return 0;
  __int128 rise = 0;
  for (size_t i = 0; i < half; ++i) {
    rise += static_cast<int64_t>(numbers[numbers.size() - half + i] - numbers[i]);
  }
  const auto run = static_cast<int64_t>(half * (numbers.size() - half));
  return static_cast<uint64_t>(rise * (1 << kTrendShift) / run);
}

uint64_t SlopeOf(std::span<const uint64_t> numbers, Transform transform) {
  if (transform == Transform::kTrend) return TrendOf(numbers);
  return numbers.size() < 2 ? 0 : numbers[1] - numbers[0];
}

bool HasSlope(Transform transform) {
  return transform == Transform::kLinear || transform == Transform::kDeltaDelta ||
         transform == Transform::kTrend;
}

// What is left of `numbers` after `transform`; returns how many residuals.
size_t Reduce(std::span<const uint64_t> numbers, Transform transform, uint64_t* out) {
  const size_t n = numbers.size();
  switch (transform) {
    case Transform::kLinear:
      return 0;
    case Transform::kDelta:
      for (size_t i = 1; i < n; ++i) out[i - 1] = numbers[i] - numbers[i - 1];
      return n - 1;
    case Transform::kDeltaDelta:
      for (size_t i = 2; i < n; ++i) {
        out[i - 2] = numbers[i] - 2 * numbers[i - 1] + numbers[i - 2];
      }
      return n < 2 ? 0 : n - 2;
    case Transform::kPlain:
      std::copy(numbers.begin(), numbers.end(), out);
      return n;
    case Transform::kXor:
      for (size_t i = 1; i < n; ++i) out[i - 1] = numbers[i] ^ numbers[i - 1];
      return n - 1;
    case Transform::kTrend: {
      const uint64_t slope = TrendOf(numbers);
      for (size_t i = 1; i < n; ++i) out[i - 1] = numbers[i] - numbers[0] - RiseAt(i, slope);
      return n - 1;
    }
  }
  return 0;
}

bool IsLinear(std::span<const uint64_t> numbers) {
  for (size_t i = 2; i < numbers.size(); ++i) {
    if (numbers[i] - numbers[i - 1] != numbers[1] - numbers[0]) return false;
  }
  return true;
}

std::span<const Transform> Candidates(IntColumn::Kind kind) {
  static constexpr std::array kSequence = {Transform::kDelta, Transform::kDeltaDelta,
                                           Transform::kTrend};
  static constexpr std::array kDecimals = {Transform::kDelta, Transform::kPlain,
                                           Transform::kDeltaDelta};
  static constexpr std::array kFloatBits = {Transform::kDelta, Transform::kXor, Transform::kPlain};
  switch (kind) {
    case IntColumn::Kind::kSequence:
      return kSequence;
    case IntColumn::Kind::kDecimals:
      return kDecimals;
    case IntColumn::Kind::kFloatBits:
      return kFloatBits;
  }
  return kSequence;
}

// Turns residuals, which stand in `out` behind the numbers that came as they
// are, into the numbers.
void Restore(Transform transform, uint64_t slope, std::span<uint64_t> out) {
  const size_t n = out.size();
  switch (transform) {
    case Transform::kLinear:
      for (size_t i = 1; i < n; ++i) out[i] = out[i - 1] + slope;
      return;
    case Transform::kDelta:
      for (size_t i = 1; i < n; ++i) out[i] += out[i - 1];
      return;
    case Transform::kDeltaDelta:
      if (n > 1) out[1] = out[0] + slope;
      for (size_t i = 2; i < n; ++i) out[i] = out[i - 1] + (slope += out[i]);
      return;
    case Transform::kPlain:
      return;
    case Transform::kXor:
      for (size_t i = 1; i < n; ++i) out[i] ^= out[i - 1];
      return;
    case Transform::kTrend:
      for (size_t i = 1; i < n; ++i) out[i] += out[0] + RiseAt(i, slope);
      return;
  }
}

}  // namespace

IntColumn IntColumn::Plan(std::span<const uint64_t> numbers, Kind kind) {
  constexpr size_t kLinearBytes = 12;
  constexpr size_t kTrendBytes = 4;  // a slope of about so many
  IntColumn best;
  best.numbers_ = numbers;
  if (IsLinear(numbers)) {
    best.transform_ = Transform::kLinear;
    best.bytes_ = kLinearBytes;
    return best;
  }
  Residuals residuals;
  for (const Transform transform : Candidates(kind)) {
    const size_t count = Reduce(numbers, transform, residuals.data());
    size_t bytes = SizeOf(residuals.data(), count, transform == Transform::kXor);
    if (transform == Transform::kTrend) bytes += kTrendBytes;
    if (best.bytes_ == 0 || bytes < best.bytes_) {
      best.bytes_ = bytes;
      best.transform_ = transform;
    }
  }
  return best;
}

void IntColumn::Write(std::string* out) const {
  out->push_back(static_cast<char>(transform_));
  if (transform_ != Transform::kPlain) AppendVarint(out, ZigZag(numbers_[0]));
  if (HasSlope(transform_)) AppendVarint(out, ZigZag(SlopeOf(numbers_, transform_)));
  Residuals residuals;
  const size_t count = Reduce(numbers_, transform_, residuals.data());
  WriteGroups(residuals.data(), count, transform_ == Transform::kXor, out);
}

bool ReadIntColumn(std::string_view bytes, std::span<uint64_t> out) {
  if (out.empty() || out.size() > kMaxColumn) return false;
  ByteReader reader(bytes);
  const auto code = reader.ReadByte();
  if (!code || *code > static_cast<uint8_t>(Transform::kTrend)) return false;
  const auto transform = static_cast<Transform>(*code);
  size_t given = 0;  // numbers that come before the residuals
  uint64_t slope = 0;
  if (transform != Transform::kPlain) {
    const auto first = reader.ReadVarint();
    if (!first) return false;
    out[given++] = UnZigZag(*first);
  }
  if (HasSlope(transform)) {
    const auto read = reader.ReadVarint();
    if (!read) return false;
    slope = UnZigZag(*read);
  }
  if (transform == Transform::kLinear) given = out.size();
  if (transform == Transform::kDeltaDelta && out.size() > 1) ++given;
  if (!ReadGroups(reader, out.data() + given, out.size() - given) || !reader.AtEnd()) return false;
  Restore(transform, slope, out);
  return true;
}

}  // namespace cairn::metrics
