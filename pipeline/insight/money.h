#ifndef CAIRN_PIPELINE_INSIGHT_MONEY_H_
#define CAIRN_PIPELINE_INSIGHT_MONEY_H_

// Sums of money that add up.
//
// Prices are doubles, and a sum of 400,000 of them depends on its order. Here every line is rounded
// once, to a ten-thousandth of the currency, and whole numbers are added: as doubles they are exact
// up to 2^53, nine hundred billion, in any order. So the parts of a table sum to the whole to the
// cent however it is cut. A price with more than four decimals loses the rest of them. Larger sums
// round as doubles do.

#include <cmath>
#include <cstdint>

namespace cairn::pipeline {

inline constexpr double kUnitsOfMoney = 10'000;

// The nearest whole number, as far as a double has a fraction at all. Without a call or a branch,
// so that loops around it can be vectorised.
inline double WholeUnits(double units) {
  constexpr double kRounder = 0x1.8p52;
  const double rounded = (units + kRounder) - kRounder;
  return std::abs(units) < 0x1p51 ? rounded : units;
}

// An amount in ten-thousandths.
inline double MoneyUnits(double amount) { return WholeUnits(amount * kUnitsOfMoney); }

// Quantity × UnitPrice in ten-thousandths; negative for what was returned.
inline double LineUnits(int32_t quantity, double unit_price) {
  return MoneyUnits(quantity * unit_price);
}

// Back in the currency of the data: the double nearest to the exact amount.
inline double MoneyOf(double units) { return units / kUnitsOfMoney; }

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_INSIGHT_MONEY_H_
