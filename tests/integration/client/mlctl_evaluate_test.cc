// Measuring versions with a program of one's own, by mlctl.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/integration/client/mlctl_fixture.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class MlctlEvaluateTest : public testing::MlctlFixture {
 protected:
  void SetUp() override {
    MlctlFixture::SetUp();
    const std::string run = Id({"run", "start"});
    Write("weights.txt", "0.5");
    Write("rows.csv", "id,y\n1,2\n");
    Expect(0, {"log", "artifact", run, folder_ / "weights.txt"});
    Expect(0, {"run", "finish", run});
    Expect(0, {"register", "model", "fraud", "--run", run});
    Expect(0, {"put", "dataset", "holdout", folder_ / "rows.csv"});
  }

  static constexpr const char* kScore =
      "echo scoring; printf '{\"metric\": \"accuracy\", \"value\": %s}\\n' "
      "\"$(cat $CAIRN_MODEL_DIR/weights.txt)\" > $CAIRN_METRICS && test -s "
      "$CAIRN_DATA_DIR/rows.csv";
};

TEST_F(MlctlEvaluateTest, AProgramOfOnesOwnMeasuresAnyKindOfModel) {
  const std::vector<std::string> with = {"evaluate", "fraud@1", "--dataset", "dataset:holdout@1",
                                         "--with",   kScore,    "-o",        "json"};
  auto rehearsed = with;
  rehearsed.push_back("--dry-run");
  EXPECT_THAT(Expect(0, rehearsed), HasSubstr("accuracy"));
  EXPECT_THAT(Expect(0, {"list", "evaluations", "fraud@1"}), Not(HasSubstr("accuracy")));
  EXPECT_THAT(Expect(0, with),
              AllOf(HasSubstr("\"REPORTED\""), HasSubstr("0.5"), HasSubstr("model.sha256"),
                    HasSubstr("data.sha256"), HasSubstr("metrics.sha256"), HasSubstr("FINAL")));
  EXPECT_THAT(Expect(0, {"list", "evaluations", "fraud@1"}), HasSubstr("accuracy"));
}

TEST_F(MlctlEvaluateTest, AProgramThatFailsRecordsNothing) {
  EXPECT_THAT(Expect(1, {"evaluate", "fraud@1", "--dataset", "dataset:holdout@1", "--with",
                         "echo '{\"metric\": \"a\", \"value\": 1}' > $CAIRN_METRICS; exit 3"}),
              HasSubstr("ended with 3"));
  EXPECT_THAT(Expect(2, {"evaluate", "fraud@1", "--with", kScore}), HasSubstr("--dataset"));
  EXPECT_THAT(Expect(2, {"evaluate", "fraud@1", "--dataset", "dataset:holdout@1", "--with", kScore,
                         "--repeats", "5"}),
              HasSubstr("--with"));
  EXPECT_THAT(Expect(0, {"list", "evaluations", "fraud@1"}), Not(HasSubstr("accuracy")));
}

}  // namespace
}  // namespace cairn
