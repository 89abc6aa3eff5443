#include "pipeline/report/charts/ticks.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace cairn::pipeline {
namespace {

// The smallest 1, 2 or 5 times a power of ten that is not below `step`.
double NiceStep(double step) {
  const double power = std::pow(10, std::floor(std::log10(step)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (step <= factor * power * (1 + 1e-9)) return factor * power;
  }
  return 10 * power;
}

}  // namespace

Ticks NiceTicks(double low, double high, int wanted) {
  if (low > high) std::swap(low, high);
  if (!std::isfinite(low) || !std::isfinite(high) || !std::isfinite(high - low)) {
    low = 0;
    high = 1;
  }
  // Marks closer together than doubles of this size are would coincide.
  const double least = std::max(std::abs(low), std::abs(high)) * 1e-9;
  if (high - low <= least || high - low < 1e-200) {
    const double room = std::max(low == 0 ? 1.0 : std::abs(low) * 0.1, 1e-100);
    if (!std::isfinite(high + room) || !std::isfinite(low - room)) return NiceTicks(0, 1, wanted);
    low -= low == 0 ? 0 : room;
    high += room;
  }
  Ticks ticks;
  ticks.step = NiceStep((high - low) / std::max(wanted - 1, 1));
  const double first = std::floor(low / ticks.step + 1e-9);
  const double last = std::ceil(high / ticks.step - 1e-9);
  for (double at = first; at <= last && ticks.values.size() < 100; ++at) {
    ticks.values.push_back(at * ticks.step + 0.0);
  }
  ticks.low = ticks.values.front();
  ticks.high = ticks.values.back();
  return ticks;
}

double SignedLog(double value) { return std::copysign(std::log10(1 + std::abs(value)), value); }

double FromSignedLog(double position) {
  return std::copysign(std::pow(10, std::abs(position)) - 1, position);
}

std::vector<double> SignedLogTicks(double low, double high, int wanted) {
  std::vector<double> values;
  for (int power = 15; power >= 0; --power) values.push_back(-std::pow(10, power));
  values.push_back(0);
  for (int power = 0; power <= 15; ++power) values.push_back(std::pow(10, power));
  std::erase_if(values, [&](double value) { return !(value >= low && value <= high); });
  const size_t most = static_cast<size_t>(std::max(wanted, 2));
  const size_t every = (values.size() + most - 1) / most;
  std::vector<double> kept;
  for (size_t i = 0; i < values.size(); i += std::max<size_t>(every, 1)) kept.push_back(values[i]);
  return kept;
}

Scale::Scale(double low, double high, double from, double to, bool signed_log)
    : low_(signed_log ? SignedLog(low) : low),
      high_(signed_log ? SignedLog(high) : high),
      from_(from),
      to_(to),
      signed_log_(signed_log) {}

double Scale::operator()(double value) const {
  const double place = signed_log_ ? SignedLog(value) : value;
  if (!(high_ > low_) || !std::isfinite(high_ - low_) || std::isnan(place)) {
    return (from_ + to_) / 2;
  }
  return from_ + (to_ - from_) * std::clamp((place - low_) / (high_ - low_), 0.0, 1.0);
}

}  // namespace cairn::pipeline
