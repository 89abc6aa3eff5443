#include "lib/evaluation/two_samples.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "gmock/gmock.h"

namespace cairn::evaluation {
namespace {

TEST(KolmogorovSmirnov, IsTheLargestDistanceOfTheDistributions) {
  const std::vector<double> a = {1, 2, 3, 4};
  const std::vector<double> b = {3, 4, 5, 6};
  const KsTest test = KolmogorovSmirnov(a, b);
  EXPECT_DOUBLE_EQ(test.statistic, 0.5);
  // 2 (e^-1 - e^-4 + e^-9 - …) for 0.5 · sqrt(16 / 8).
  EXPECT_NEAR(test.p_value,
              2 * (std::exp(-1) - std::exp(-4) + std::exp(-9) - std::exp(-16) + std::exp(-25)),
              1e-12);
}

TEST(KolmogorovSmirnov, EqualSamplesAreNotApartHoweverOftenValuesRepeat) {
  const std::vector<double> a = {0, 0, 0, 1, 1, 7};
  const KsTest test = KolmogorovSmirnov(a, a);
  EXPECT_EQ(test.statistic, 0);
  EXPECT_EQ(test.p_value, 1);
}

TEST(KolmogorovSmirnov, OfSamplesThatDoNotMeetIsOne) {
  const std::vector<double> a = {1, 2, 3};
  const std::vector<double> b = {10};
  EXPECT_EQ(KolmogorovSmirnov(a, b).statistic, 1);
  EXPECT_EQ(KolmogorovSmirnov(b, a).statistic, 1);
}

TEST(KolmogorovSmirnov, IsThatOfEveryThresholdByBruteForce) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::vector<double> a(1 + random() % 40);
    std::vector<double> b(1 + random() % 40);
    for (double& x : a) x = static_cast<double>(random() % 12);
    for (double& x : b) x = static_cast<double>(random() % 15);
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    double largest = 0;
    for (int t = 0; t < 16; ++t) {
      const auto share = [t](const std::vector<double>& values) {
        return static_cast<double>(
                   std::count_if(values.begin(), values.end(), [t](double x) { return x <= t; })) /
               static_cast<double>(values.size());
      };
      largest = std::max(largest, std::abs(share(a) - share(b)));
    }
    EXPECT_NEAR(KolmogorovSmirnov(a, b).statistic, largest, 1e-12);
  }
}

TEST(KolmogorovTail, FallsFromOneToNothing) {
  EXPECT_EQ(KolmogorovTail(0), 1);
  // The 5 % point of Kolmogorov's law.
  EXPECT_NEAR(KolmogorovTail(1.3581), 0.05, 1e-5);
  EXPECT_LT(KolmogorovTail(4), 1e-13);
  double before = 1;
  for (double x = 0; x < 3; x += 0.01) {
    EXPECT_LE(KolmogorovTail(x), before + 1e-12) << x;
    before = KolmogorovTail(x);
  }
}

TEST(StabilityIndexOf, OfTheReferenceItselfIsNone) {
  std::vector<double> values(38, 0);
  values.insert(values.end(), 17, 1);
  values.insert(values.end(), 44, 2);
  values.push_back(3);
  EXPECT_NEAR(StabilityIndexOf(values, values), 0, 1e-15);
}

TEST(StabilityIndexOf, OfAConstantThatMovedIsLargeAndFinite) {
  const std::vector<double> reference(20, 5);
  EXPECT_NEAR(StabilityIndexOf(reference, reference), 0, 1e-15);
  const double moved = StabilityIndexOf(reference, std::vector<double>(20, 6));
  EXPECT_GT(moved, 5);
  EXPECT_TRUE(std::isfinite(moved));
}

TEST(OutOfRangeShare, CountsWhatLiesBeyondEitherEnd) {
  const std::vector<double> reference = {1, 5};
  EXPECT_DOUBLE_EQ(OutOfRangeShare(reference, std::vector<double>{0, 1, 3, 5, 6}), 0.4);
}

}  // namespace
}  // namespace cairn::evaluation
