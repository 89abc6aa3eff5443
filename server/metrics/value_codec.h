#ifndef CAIRN_SERVER_METRICS_VALUE_CODEC_H_
#define CAIRN_SERVER_METRICS_VALUE_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace cairn::metrics {

// Columns of doubles. A codec is chosen for each block by what the values turn
// out to be; all of them give back the same bits, infinities, -0 and subnormals
// included. Every NaN becomes the canonical one (points.h). Pure; safe to call
// from any thread.
//
// The floating-point codecs map the bits to integers in the order of the values
// (OrderedBits), so that a small change of the value is a small difference also
// where the exponent changes, and leave the choice between difference, exclusive
// or and plain bits to the integer column. Losses in float32 that were logged as
// doubles have 29 zero bits each; kFloat32 never stores them.
//
// The numbers are on disk for ever (docs/storage-format.md).
enum class ValueCodec : uint8_t {
  kConstant = 0,  // one value: 8 bytes
  kFloat64 = 1,   // ordered bits of the double
  kFloat32 = 2,   // ordered bits of the float, for values that are exact in it
  // Values that are i / 10^e for a small integer i: what was rounded to e
  // decimals, and whole numbers with e = 0. Checked for every value bit by bit;
  // the few that are not (NaN, say) are kept beside the column.
  kDecimal = 3,
};
inline constexpr uint8_t kLastValueCodec = 3;

// The largest e of kDecimal: 10^22 is the last power of ten that a double holds
// exactly, and more than 15 digits never fit the integer.
inline constexpr int kMaxDecimalExponent = 15;

// Appends 1 to 1024 values in the codec that takes the fewest bytes; returns it.
ValueCodec WriteValues(std::span<const double> values, std::string* out);

// Reads out.size() values (1 to 1024). False when `bytes` is not exactly such a
// column of `codec`; `out` is then in no particular state.
[[nodiscard]] bool ReadValues(ValueCodec codec, std::string_view bytes, std::span<double> out);

}  // namespace cairn::metrics

#endif  // CAIRN_SERVER_METRICS_VALUE_CODEC_H_
