#include "pipeline/report/charts/percentile_rank.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "pipeline/report/charts/ticks.h"

namespace cairn::pipeline {
namespace {

// How far `value` is from `low` to `high`, 0..1.
double PartOf(double low, double high, double value, bool signed_log) {
  return Scale(low, high, 0, 1, signed_log)(value);
}

double RankByHistogram(const FeatureHistogram& histogram, double value) {
  double below = 0;
  double total = 0;
  for (size_t bin = 0; bin + 1 < histogram.edges.size(); ++bin) {
    double count = 0;
    for (const auto& segment : histogram.counts) {
      if (bin < segment.size()) count += static_cast<double>(segment[bin]);
    }
    const double low = histogram.edges[bin];
    const double high = histogram.edges[bin + 1];
    total += count;
    const bool at_end = value == histogram.edges.front() || value == histogram.edges.back();
    if (at_end && (value == low || value == high)) {
      below += count / 2;
    } else if (value >= high) {
      below += count;
    } else if (value >= low) {
      below += count * PartOf(low, high, value, histogram.signed_log);
    }
  }
  return total > 0 ? below / total : std::numeric_limits<double>::quiet_NaN();
}

double RankBySummary(const FeatureSummary& all, double value) {
  const std::array<double, 5> at = {all.min, all.lower_quartile, all.median, all.upper_quartile,
                                    all.max};
  const bool finite =
      std::all_of(at.begin(), at.end(), [](double number) { return std::isfinite(number); });
  if (!finite || !std::isfinite(value)) return std::numeric_limits<double>::quiet_NaN();
  if (value < at.front()) return 0;
  if (value > at.back()) return 1;
  const auto first = std::lower_bound(at.begin(), at.end(), value) - at.begin();
  const auto last = std::upper_bound(at.begin(), at.end(), value) - at.begin();
  if (first != last) return 0.25 * static_cast<double>(first + last - 1) / 2;
  const auto before = static_cast<size_t>(std::clamp<std::ptrdiff_t>(first - 1, 0, 3));
  return 0.25 * (static_cast<double>(before) + PartOf(at[before], at[before + 1], value, true));
}

}  // namespace

double PercentileRank(const ReportData& data, size_t feature, double value) {
  const SegmentProfiles& profiles = data.profiles;
  if (feature >= profiles.feature_names.size() || !std::isfinite(value)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  for (const FeatureHistogram& histogram : data.histograms) {
    if (histogram.feature != profiles.feature_names[feature]) continue;
    if (const double rank = RankByHistogram(histogram, value); std::isfinite(rank)) return rank;
  }
  if (feature >= profiles.features.size()) return std::numeric_limits<double>::quiet_NaN();
  return RankBySummary(profiles.features[feature], value);
}

}  // namespace cairn::pipeline
