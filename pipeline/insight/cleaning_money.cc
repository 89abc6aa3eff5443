#include "pipeline/insight/cleaning_money.h"

#include <array>
#include <span>

#include "pipeline/insight/money.h"

namespace cairn::pipeline {

double SpendOf(const TransactionTable& table) {
  const int32_t* quantity = table.columns().quantity->data();
  const double* price = table.columns().unit_price->data();
  const std::span<const uint32_t> rows = table.selection();
  // Four sums side by side do not wait for each other.
  std::array<double, 4> sums{};
  size_t i = 0;
  for (; i + 4 <= rows.size(); i += 4) {
    for (size_t lane = 0; lane < 4; ++lane) {
      sums[lane] += LineUnits(quantity[rows[i + lane]], price[rows[i + lane]]);
    }
  }
  for (; i < rows.size(); ++i) sums[0] += LineUnits(quantity[rows[i]], price[rows[i]]);
  return MoneyOf((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

}  // namespace cairn::pipeline
