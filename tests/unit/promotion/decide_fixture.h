#ifndef CAIRN_TESTS_UNIT_PROMOTION_DECIDE_FIXTURE_H_
#define CAIRN_TESTS_UNIT_PROMOTION_DECIDE_FIXTURE_H_

#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/digest.h"
#include "lib/promotion/decide.h"
#include "lib/promotion/policy_parser.h"
#include "tests/testing/status_matchers.h"

namespace cairn::promotion {

inline const std::string kDataDigest(64, 'd');

inline Policy PolicyFrom(const std::string& yaml) {
  auto policy = ParsePolicy(yaml);
  EXPECT_THAT(policy, testing::IsOk());
  return policy.ok() ? *policy : Policy();
}

inline Policy ReportedPolicy() {
  std::ifstream file(std::string(CAIRN_SOURCE_DIR) + "/tests/fixtures/policies/reported.yaml");
  std::stringstream text;
  text << file.rdbuf();
  return PolicyFrom(text.str());
}

// A policy of the model customer-segments with the given spec fields.
inline Policy PolicyWith(const std::string& spec) {
  return PolicyFrom(
      "apiVersion: cairn/v1\nkind: PromotionPolicy\nmetadata: {name: p}\nspec:\n"
      "  target: {model: customer-segments, channel: production}\n"
      "  evidence: {trust: reported, dataset: retail-features}\n" +
      spec);
}

inline VersionRead Version(int64_t number, int k, const std::map<std::string, double>& metrics) {
  VersionRead read;
  read.mod_revision = 100 + number;
  auto& version = read.version;
  version.set_name(fmt::format("models/customer-segments/versions/{}", number));
  version.set_state(cairn::v1::ModelVersion::READY);
  version.set_sha256(std::string(64, 'a'));
  version.set_training_dataset("datasets/retail-features/versions/1");
  version.set_feature_schema("schema");
  version.set_evaluation_space("space");
  (*version.mutable_params())["k"] = std::to_string(k);
  read.sha256 = Sha256Hex(version.SerializeAsString());
  EvaluationRead measured;
  measured.mod_revision = read.mod_revision;
  auto& evaluation = measured.evaluation;
  evaluation.set_name(version.name() + "/evaluations/1");
  evaluation.set_source(cairn::v1::Evaluation::REPORTED);
  evaluation.set_state(cairn::v1::Evaluation::FINAL);
  evaluation.set_dataset_version("datasets/retail-features/versions/1");
  evaluation.set_dataset_sha256(kDataDigest);
  for (const auto& [name, value] : metrics) {
    auto* one = evaluation.add_values();
    one->set_metric(name);
    one->set_value(value);
  }
  measured.sha256 = Sha256Hex(evaluation.SerializeAsString());
  if (!metrics.empty()) read.evaluations.push_back(std::move(measured));
  return read;
}

inline VersionRead Good(int64_t number, double silhouette = 0.25) {
  return Version(number, 4,
                 {{"silhouette", silhouette}, {"davies_bouldin", 1.2}, {"min_cluster_share", 0.1}});
}

inline DecisionInput Input(const Policy& policy, std::vector<VersionRead> candidates) {
  DecisionInput input;
  input.policy_sha256 = PolicyDigest(policy);
  input.policy_revision = 1;
  input.candidates = std::move(candidates);
  input.evidence = DatasetRead{"datasets/retail-features/versions/1", 7, kDataDigest};
  return input;
}

inline void Serve(DecisionInput& input, const VersionRead& champion, int64_t number,
                  int64_t epoch = 1) {
  input.head_version = number;
  input.head_epoch = epoch;
  input.champion = champion;
}

inline cairn::v1::Decision MustDecide(const Policy& policy, const DecisionInput& input) {
  auto decision = Decide(policy, input);
  EXPECT_THAT(decision, testing::IsOk());
  return decision.ok() ? *decision : cairn::v1::Decision();
}

inline cairn::v1::CheckResult CheckOf(const cairn::v1::CandidateResult& result,
                                      const std::string& id) {
  for (const auto& check : result.checks()) {
    if (check.id() == id) return check;
  }
  ADD_FAILURE() << "no check " << id;
  return {};
}

}  // namespace cairn::promotion

#endif  // CAIRN_TESTS_UNIT_PROMOTION_DECIDE_FIXTURE_H_
