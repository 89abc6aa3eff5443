// The way back by mlctl: rollback, hold, release and override, and what is told of them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/base/clock.h"
#include "tests/integration/client/mlctl_fixture.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kChurnPolicy = R"(apiVersion: cairn/v1
kind: PromotionPolicy
metadata: {name: churn}
spec:
  target: {model: churn, channel: production}
  evidence: {trust: reported}
  baseline: {comparableOn: [dataset.digest]}
  gates:
    - {id: floor, metric: silhouette, pass: ">= 0.2"}
  choose:
    order:
      - {field: version, direction: higher}
)";

class MlctlWayBackTest : public testing::MlctlFixture {
 protected:
  // Registers the next version, which measures so much.
  void Register(const std::string& silhouette) {
    const std::string run = Id({"run", "start"});
    Write("model.bin", "model " + silhouette);
    Expect(0, {"log", "artifact", run, folder_ / "model.bin"});
    Expect(0, {"run", "finish", run});
    Expect(0, {"register", "model", "churn", "--run", run, "--metric", "silhouette=" + silhouette});
  }

  void ServeTwo() {
    Register("0.3");
    Expect(0, {"apply", "-f", Write("policy.yaml", kChurnPolicy)});
    Expect(0, {"promote", "churn"});
    Register("0.4");
    Expect(0, {"promote", "churn"});
  }
};

TEST_F(MlctlWayBackTest, GoesBackHoldsWhatIsLeftAndReleasesIt) {
  ServeTwo();
  EXPECT_THAT(Expect(2, {"rollback", "churn"}), HasSubstr("--reason"));
  EXPECT_THAT(Expect(0, {"rollback", "churn", "--reason", "calls fail", "--dry-run"}),
              HasSubstr("dry run"));
  EXPECT_THAT(Expect(5, {"rollback", "churn", "--reason", "late", "--expected-epoch", "1"}),
              HasSubstr("epoch 2"));
  const std::string back = Expect(0, {"rollback", "churn", "--reason", "calls fail"});
  EXPECT_THAT(back, AllOf(HasSubstr("rolled_back"), HasSubstr("epoch 2 -> 3"),
                          HasSubstr("because: calls fail"), HasSubstr("mlctl release churn@2")));
  EXPECT_THAT(Expect(0, {"get", "channel", "churn#production", "--columns", "version,held"}),
              HasSubstr("1\t2"));
  EXPECT_THAT(Expect(0, {"why", "churn"}),
              AllOf(HasSubstr("rolled back from"), HasSubstr("calls fail"), HasSubstr("is held")));
  EXPECT_THAT(Expect(6, {"promote", "churn@2"}), HasSubstr("candidate.held"));
  EXPECT_THAT(Expect(5, {"hold", "churn@2", "--reason", "again"}), HasSubstr("calls fail"));
  Expect(0, {"release", "churn", "--version", "2", "--reason", "it was the network"});
  Expect(5, {"release", "churn@2", "--reason", "once more"});
  Expect(0, {"promote", "churn"});
  EXPECT_THAT(Expect(0, {"history", "churn", "--columns", "kind,outcome"}),
              AllOf(HasSubstr("rollback"), HasSubstr("release"), HasSubstr("promotion")));
  EXPECT_THAT(
      Expect(0, {"list", "rollouts", "churn#production", "--columns", "epoch,state,version"}),
      AllOf(HasSubstr("rolled_back"), HasSubstr("superseded"), HasSubstr("verified")));
}

TEST_F(MlctlWayBackTest, ReplaysWhatWasDecidedLongAgo) {
  ServeTwo();
  Expect(0, {"rollback", "churn", "--reason", "calls fail"});
  std::string ids = Expect(0, {"history", "churn", "-o", "name"});
  const std::string newest = ids.substr(0, ids.find('\n'));
  ids.erase(0, newest.size() + 1);
  const std::string promotion = ids.substr(0, ids.find('\n'));
  EXPECT_THAT(Expect(0, {"replay", promotion}), HasSubstr("byte-identical"));
  EXPECT_THAT(Expect(0, {"replay", promotion, "-o", "json"}), HasSubstr("\"IDENTICAL\""));
  EXPECT_THAT(Expect(0, {"replay", newest}), HasSubstr("nothing to compute"));
  EXPECT_THAT(Expect(3, {"replay", "0000000000000000"}), HasSubstr("0000000000000000"));
}

TEST_F(MlctlWayBackTest, OverridesThePolicyAndSaysWhatItWouldHaveSaid) {
  ServeTwo();
  Register("0.1");
  const std::string text =
      Expect(0, {"override", "churn@3", "--reason", "signed off", "--expected-epoch", "2"});
  EXPECT_THAT(text, AllOf(HasSubstr("overridden: FAIL"), HasSubstr("floor"),
                          HasSubstr("because: signed off")));
  EXPECT_THAT(Expect(0, {"why", "churn"}), HasSubstr("because: signed off"));
  Expect(0, {"rollback", "churn", "--to", "1", "--reason", "the last good one"});
  EXPECT_THAT(Expect(5, {"override", "churn@3", "--reason", "again"}), HasSubstr("held"));
}

TEST_F(MlctlWayBackTest, ServesNothingAndSaysSo) {
  ServeTwo();
  Expect(2, {"rollback", "churn", "--to", "1", "--to-nothing", "--reason", "both"});
  EXPECT_THAT(Expect(0, {"rollback", "churn", "--to-nothing", "--reason", "wrong customers"}),
              HasSubstr("nothing is served"));
  EXPECT_THAT(Expect(0, {"why", "churn"}), HasSubstr("serves nothing since epoch 3"));
  Expect(3, {"fetch", "churn#production", "-o", folder_ / "model"});
  EXPECT_THAT(Expect(5, {"rollback", "churn", "--reason", "again"}), HasSubstr("serves nothing"));
  EXPECT_THAT(Expect(0, {"hold", "churn@1", "--reason", "leaks"}),
              Not(HasSubstr("until it is left")));
}

TEST_F(MlctlWayBackTest, ReadsWhatWasServedBeforeAndWhatTheDecisionFound) {
  ServeTwo();
  const std::string now = Expect(0, {"get", "channel", "churn#production", "-o", "json"});
  // The etag is the revision in quotes, to the base of 36.
  const size_t etag = now.find("\\\"") + 2;
  const std::string revision = std::to_string(std::stoll(now.substr(etag), nullptr, 36));
  const std::string time = FormatRfc3339(SystemClock().NowUnixNanos());
  Expect(0, {"rollback", "churn", "--reason", "calls fail"});
  for (const std::string& then : {revision, time}) {
    EXPECT_EQ(Expect(0, {"get", "channel", "churn#production", "--as-of", then, "-o", "json"}), now)
        << then;
    EXPECT_THAT(Id({"get", "version", "churn#production", "--as-of", then}), HasSubstr("2"));
    EXPECT_THAT(Expect(0, {"why", "churn", "--as-of", then}),
                AllOf(HasSubstr("versions/2"), Not(HasSubstr("rolled back"))));
    for (const char* list : {"history", "list decisions"}) {
      std::vector<std::string> words = {"history", "churn#production"};
      if (std::string(list) != "history") words = {"list", "decisions", "churn#production"};
      words.insert(words.end(), {"--as-of", then, "--columns", "kind"});
      EXPECT_THAT(Expect(0, words), Not(HasSubstr("rollback"))) << list;
    }
  }
  EXPECT_THAT(Expect(2, {"get", "channel", "churn#production", "--as-of", "yesterday"}),
              HasSubstr("RFC 3339"));
  EXPECT_THAT(Expect(2, {"get", "runs", "--as-of", revision}), HasSubstr("--as-of is for"));
  EXPECT_THAT(Expect(2, {"list", "channels", "--as-of", revision}), HasSubstr("--as-of is for"));

  std::string id = Expect(0, {"history", "churn", "--as-of", time, "--limit", "1", "-o", "name"});
  id = id.substr(0, id.find('\n'));
  EXPECT_THAT(Expect(0, {"list", "candidates", id, "--columns", "version,verdict"}),
              AllOf(HasSubstr("2\tPASS"), HasSubstr("1\tPASS")));
}

}  // namespace
}  // namespace cairn
