#ifndef CAIRN_TESTS_UNIT_PROMOTION_RANDOM_DECISIONS_H_
#define CAIRN_TESTS_UNIT_PROMOTION_RANDOM_DECISIONS_H_

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/promotion/decide_fixture.h"

namespace cairn::promotion {

// What a decision might read, drawn at random: versions with odd values, none, several evaluations,
// and a champion or none.

inline double RandomValue(std::mt19937_64& rng) {
  static constexpr std::array<double, 5> kOdd = {std::numeric_limits<double>::quiet_NaN(),
                                                 std::numeric_limits<double>::infinity(),
                                                 -std::numeric_limits<double>::infinity(), 0, -0.0};
  if (rng() % 8 == 0) return kOdd[rng() % kOdd.size()];
  return static_cast<double>(rng() % 2000) / 1000.0;
}

inline VersionRead RandomVersion(std::mt19937_64& rng, int64_t number) {
  std::map<std::string, double> metrics;
  for (const char* name : {"silhouette", "davies_bouldin", "min_cluster_share"}) {
    if (rng() % 10 != 0) metrics[name] = RandomValue(rng);
  }
  VersionRead read = Version(number, static_cast<int>(rng() % 10), metrics);
  if (rng() % 4 == 0) read.version.set_evaluation_space("other");
  if (rng() % 6 == 0) read.version.set_state(cairn::v1::ModelVersion::ARCHIVED);
  if (rng() % 6 == 0 && !read.evaluations.empty()) {
    EvaluationRead second = read.evaluations[0];
    second.evaluation.set_name(read.version.name() + "/evaluations/2");
    if (rng() % 2 == 0) second.evaluation.mutable_values(0)->set_value(RandomValue(rng));
    if (rng() % 4 == 0) second.evaluation.set_source(cairn::v1::Evaluation::SERVER);
    if (rng() % 4 == 0) second.evaluation.set_state(cairn::v1::Evaluation::OPEN);
    read.evaluations.push_back(std::move(second));
  }
  return read;
}

inline DecisionInput RandomInput(std::mt19937_64& rng, const Policy& policy) {
  std::vector<VersionRead> versions;
  const int count = static_cast<int>(rng() % 7);
  for (int i = 1; i <= count; ++i) versions.push_back(RandomVersion(rng, i));
  DecisionInput input = Input(policy, versions);
  if (count > 0 && rng() % 2 == 0) {
    const size_t champion = rng() % versions.size();
    Serve(input, versions[champion], static_cast<int64_t>(champion) + 1, 3);
  }
  return input;
}

}  // namespace cairn::promotion

#endif  // CAIRN_TESTS_UNIT_PROMOTION_RANDOM_DECISIONS_H_
