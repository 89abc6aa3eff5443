#ifndef CAIRN_TESTS_UNIT_INDEX_RANDOM_RUNS_H_
#define CAIRN_TESTS_UNIT_INDEX_RANDOM_RUNS_H_

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "cairn/v1/tracking.pb.h"

namespace cairn::index {

// Runs, filters and orders drawn from small vocabularies, so that values collide,
// are missing, are NaN, infinite or empty, and read as numbers or nearly so. Not
// thread-safe.
class RandomRuns {
 public:
  explicit RandomRuns(uint64_t seed) : random_(seed) {}

  cairn::v1::Run Run(const std::string& uid);
  std::string Uid();
  // A metric with a value of each kind; min and max as often as not the latest.
  cairn::v1::MetricSummary Metric();

  // Texts of the filter language and of order_by that parse.
  std::string Filter(int depth);
  std::string OrderBy();

  // From 0, below `n`.
  size_t Below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }
  bool OneIn(size_t n) { return Below(n) == 0; }

 private:
  double Number();
  std::string Value();
  std::string List(const std::function<std::string()>& value);
  std::string Membership();
  std::string Comparison();
  std::string Time();

  template <typename T>
  const T& Pick(const std::vector<T>& choices) {
    return choices[Below(choices.size())];
  }

  std::mt19937_64 random_;
};

}  // namespace cairn::index

#endif  // CAIRN_TESTS_UNIT_INDEX_RANDOM_RUNS_H_
