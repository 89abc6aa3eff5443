#ifndef CAIRN_PIPELINE_REPORT_NUMBER_TEXT_H_
#define CAIRN_PIPELINE_REPORT_NUMBER_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace cairn::pipeline {

// Numbers as people read them in a report. A number that is not finite was not measured and is an
// en dash everywhere. All functions are pure and independent of the locale, so that two reports of
// the same data have the same bytes.

inline constexpr std::string_view kNotMeasuredText = "–";

// 4362 is `4,362`.
std::string Thousands(int64_t value);

// With `decimals` digits (0..6) after the point and thousands separators; -0.00 is `0.00`. From
// 1e15 on in scientific notation.
std::string Decimal(double value, int decimals);

// Three digits that count and a letter: 8911407.9 is `8.91M`, 0.0312 is `0.0312`. For axes and for
// where there is little room.
std::string Compact(double value);

// A share 0..1: 0.4512 is `45.1 %`, 0.0002 is `< 0.1 %`.
std::string Percent(double share);

// An amount with the sign of its currency before it, without pennies from 100 on:
// `£8,911,408`, `-£12.50`. `currency` may be empty.
std::string Money(std::string_view currency, double value);
// Without pennies whatever its size, for columns where amounts stand below each other: `£63`.
std::string WholeMoney(std::string_view currency, double value);
std::string CompactMoney(std::string_view currency, double value);

// `412 B`, `45.6 MB`; powers of 1,000.
std::string Bytes(int64_t bytes);

// `12 ms`, `3.4 s`, `2 min 5 s`.
std::string Seconds(double seconds);

// `1 customer`, `4,362 customers`.
std::string Counted(int64_t count, std::string_view one, std::string_view many);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REPORT_NUMBER_TEXT_H_
