#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "cairn/internal/records.pb.h"
#include "lib/base/deterministic_bytes.h"
#include "lib/base/digest.h"
#include "lib/base/resource_names.h"
#include "lib/promotion/read_values.h"
#include "lib/promotion/replay.h"
#include "tests/unit/promotion/decide_fixture.h"
#include "tests/unit/promotion/random_decisions.h"

namespace cairn::promotion {
namespace {

using cairn::v1::Decision;
using testing::FailsWith;
using testing::IsOk;

constexpr uint64_t kReplaySeed = 20261130;

// SHA-256 over the SHA-256 of each of the 10,000 decisions below, as edition 1 makes them: with any
// compiler, optimised or not. Another value is another edition: raise kEdition with it.
static_assert(kEdition == 1);
constexpr const char* kDecisionsOfTheEdition =
    "1826d546fe158d683468a1f17af614e22567e98d6494d5e469305454703409c9";

std::string ReportedText() {
  std::ifstream file(std::string(CAIRN_SOURCE_DIR) + "/tests/fixtures/policies/reported.yaml");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

using Kept = std::map<std::string, std::string>;

KeptValues ValuesOf(const Kept& kept) {
  return [&kept](const std::string& sha256) -> std::optional<std::string> {
    const auto found = kept.find(sha256);
    return found == kept.end() ? std::nullopt : std::make_optional(found->second);
  };
}

void Keep(std::string value, std::string& sha256, Kept& kept) {
  sha256 = Sha256Hex(value);
  kept[sha256] = std::move(value);
}

// Stores a version as the server does, and reads it as stored.
void Seal(VersionRead& read, Kept& kept) {
  cairn::internal::ModelVersionRecord record;
  *record.mutable_version() = read.version;
  Keep(VersionValue(DeterministicBytes(record), read.version.state(), read.run_state), read.sha256,
       kept);
  for (EvaluationRead& item : read.evaluations) {
    cairn::internal::EvaluationRecord stored;
    *stored.mutable_evaluation() = item.evaluation;
    Keep(DeterministicBytes(stored), item.sha256, kept);
  }
}

struct Made {
  Decision decision;
  Kept kept;
};

Made RandomDecision(std::mt19937_64& rng, const Policy& policy) {
  Made made;
  DecisionInput input = RandomInput(rng, policy);
  for (VersionRead& read : input.candidates) Seal(read, made.kept);
  if (input.champion) Seal(*input.champion, made.kept);
  if (!input.candidates.empty() && rng() % 4 == 0) {
    const auto chosen = input.candidates[rng() % input.candidates.size()];
    input.candidates = {chosen};
    input.only_version = ParseModelVersionName("name", chosen.version.name())->version;
  }
  if (rng() % 8 == 0) input.evidence.reset();
  std::vector<std::string> names;
  for (const VersionRead& read : input.candidates) names.push_back(read.version.name());
  std::string unused;
  Keep(VersionsValue(names), unused, made.kept);
  made.decision = MustDecide(policy, input);
  made.decision.set_committed(true);
  made.decision.set_principal("somebody");
  made.decision.set_store_revision(static_cast<int64_t>(rng() % 1000));
  return made;
}

TEST(ReplayProperty, AStoredDecisionComesOutTheSameAndAsInEveryBuildOfTheEdition) {
  SCOPED_TRACE(kReplaySeed);
  std::mt19937_64 rng(kReplaySeed);
  const std::string source = ReportedText();
  const Policy policy = PolicyFrom(source);
  int promoted = 0;
  std::string digests;
  for (int round = 0; round < 10'000; ++round) {
    const Made made = RandomDecision(rng, policy);
    Decision stored;
    ASSERT_TRUE(stored.ParseFromString(made.decision.SerializeAsString()));
    ASSERT_THAT(Replay(stored, source, ValuesOf(made.kept)), IsOk()) << "round " << round;
    promoted += stored.outcome() == Decision::PROMOTED ? 1 : 0;
    digests += Sha256Hex(ReplayedBytes(stored));
  }
  EXPECT_EQ(Sha256Hex(digests), kDecisionsOfTheEdition);
  EXPECT_GT(promoted, 20) << "the generator no longer makes good versions";
}

TEST(ReplayProperty, AChangedByteOfAnyValueIsFound) {
  SCOPED_TRACE(kReplaySeed);
  std::mt19937_64 rng(kReplaySeed);
  const std::string source = ReportedText();
  const Policy policy = PolicyFrom(source);
  for (int round = 0; round < 300; ++round) {
    const Made made = RandomDecision(rng, policy);
    for (const auto& item : made.decision.read_set()) {
      const auto value = made.kept.find(item.sha256());
      if (value == made.kept.end()) continue;  // the head and the data set are in the decision
      Kept changed = made.kept;
      std::string& bytes = changed[item.sha256()];
      bytes[rng() % bytes.size()] ^= static_cast<char>(1 << (rng() % 8));
      ASSERT_THAT(Replay(made.decision, source, ValuesOf(changed)),
                  FailsWith(ErrorReason::AUDIT_CHAIN_BROKEN))
          << item.key();
      changed.erase(item.sha256());
      ASSERT_THAT(Replay(made.decision, source, ValuesOf(changed)),
                  FailsWith(ErrorReason::AUDIT_CHAIN_BROKEN));
    }
  }
}

TEST(ReplayProperty, AChangedDecisionIsFound) {
  SCOPED_TRACE(kReplaySeed);
  std::mt19937_64 rng(kReplaySeed);
  const std::string source = ReportedText();
  const Policy policy = PolicyFrom(source);
  for (int round = 0; round < 300; ++round) {
    const Made made = RandomDecision(rng, policy);
    Decision changed = made.decision;
    switch (rng() % 4) {
      case 0:
        changed.set_outcome(changed.outcome() == Decision::REFUSED ? Decision::PROMOTED
                                                                   : Decision::REFUSED);
        break;
      case 1:
        changed.set_epoch(changed.epoch() + 1);
        break;
      case 2:
        changed.set_message(changed.message() + "!");
        break;
      default:
        changed.set_policy_revision(changed.policy_revision() + 1);
    }
    ASSERT_THAT(Replay(changed, source, ValuesOf(made.kept)),
                FailsWith(ErrorReason::AUDIT_CHAIN_BROKEN));
  }
}

}  // namespace
}  // namespace cairn::promotion
