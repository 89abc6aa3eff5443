#ifndef CAIRN_LIB_EVALUATION_TWO_SAMPLES_H_
#define CAIRN_LIB_EVALUATION_TWO_SAMPLES_H_

#include <span>
#include <vector>

namespace cairn::evaluation {

// How two samples of one number differ, without a model that was fitted to either. All functions
// are pure and do not depend on the order of the values.

// The test of Kolmogorov and Smirnov for two samples.
struct KsTest {
  double statistic = 0;  // The largest distance between the two distribution functions, 0..1.
  // Of a distance as large when both come from one distribution: the asymptotic law of Kolmogorov
  // with n·m / (n + m) values. Conservative where values repeat.
  double p_value = 1;
};

// REQUIRES: both ascending, not empty, finite.
KsTest KolmogorovSmirnov(std::span<const double> a, std::span<const double> b);

// 1 - the distribution function of Kolmogorov at x >= 0: 2 Σ (-1)^(j-1) exp(-2 j² x²).
double KolmogorovTail(double x);

// The population stability index of `current` against ten quantile bins of `reference`, by the
// rules of drift.h: a bin holds what lies above the edge before it up to its own, bins of equal
// edges are one, a share below kLeastShare counts as kLeastShare. A constant reference has the bins
// below, equal and above.
// REQUIRES: `reference` ascending, both not empty and finite.
double StabilityIndexOf(std::span<const double> reference, std::span<const double> current);

// The share of `current` outside the least and greatest value of `reference`.
// REQUIRES: as StabilityIndexOf.
double OutOfRangeShare(std::span<const double> reference, std::span<const double> current);

}  // namespace cairn::evaluation

#endif  // CAIRN_LIB_EVALUATION_TWO_SAMPLES_H_
