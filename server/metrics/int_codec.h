#ifndef CAIRN_SERVER_METRICS_INT_CODEC_H_
#define CAIRN_SERVER_METRICS_INT_CODEC_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace cairn::metrics {

// Columns of 64-bit integers: steps, times, and values after they were mapped to
// integers. A transform leaves residuals that are small; the residuals are
// packed in groups of kGroup, each with the width that its own numbers need:
//
//   width (1 byte)  shift (1 byte)  base (zigzag varint)  packed ((r - base) >> shift)
//
// so one outlier costs its group only. All arithmetic wraps modulo 2^64, which
// makes every transform exact for every input. Pure; safe to call from any thread.
inline constexpr size_t kGroup = 128;

// The most numbers in a column.
inline constexpr size_t kMaxColumn = 1024;

// The numbers are on disk for ever (docs/storage-format.md).
enum class Transform : uint8_t {
  kLinear = 0,      // first + i * slope: two varints and nothing else
  kDelta = 1,       // differences of neighbours
  kDeltaDelta = 2,  // differences of differences
  kPlain = 3,       // the numbers themselves
  kXor = 4,         // bits that differ from the neighbour's; the base is 0
  kTrend = 5,       // distances from a line: a clock that ticks evenly, read a little late
};

// A column that was looked at and waits to be written.
//
// Borrows the numbers it was planned for, which must outlive it.
class IntColumn {
 public:
  // Finds the transform that takes the fewest bits. Looks at kLinear, kDelta,
  // kDeltaDelta and kTrend for times and steps, and for `Kind::kFloatBits`, where second
  // differences never help, at kLinear, kDelta, kPlain and kXor.
  // `numbers` holds 1 to kMaxColumn of them.
  enum class Kind { kSequence, kDecimals, kFloatBits };
  static IntColumn Plan(std::span<const uint64_t> numbers, Kind kind);

  Transform transform() const { return transform_; }

  // About how many bytes Write appends: exact but for the varints.
  size_t estimated_bytes() const { return bytes_; }

  // Appends the column: the transform in one byte, then what it needs.
  void Write(std::string* out) const;

 private:
  std::span<const uint64_t> numbers_;
  Transform transform_ = Transform::kPlain;
  size_t bytes_ = 0;
};

// Reads a column of out.size() numbers (at most kMaxColumn). False when `bytes`
// is not exactly such a column; `out` is then in no particular state.
[[nodiscard]] bool ReadIntColumn(std::string_view bytes, std::span<uint64_t> out);

}  // namespace cairn::metrics

#endif  // CAIRN_SERVER_METRICS_INT_CODEC_H_
