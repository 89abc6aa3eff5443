// What becomes of models and versions by mlctl: update, archive, restore, copy and delete.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/integration/client/mlctl_fixture.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class MlctlModelLifeTest : public testing::MlctlFixture {
 protected:
  // Registers the next version of the model.
  void Register(const std::string& silhouette) {
    const std::string run = Id({"run", "start"});
    Write("model.bin", "model " + silhouette);
    Expect(0, {"log", "artifact", run, folder_ / "model.bin"});
    Expect(0, {"run", "finish", run});
    Expect(0, {"register", "model", "churn", "--run", run, "--metric", "silhouette=" + silhouette});
  }
};

TEST_F(MlctlModelLifeTest, UpdatesWhatIsGivenAndSaysWhenNothingIs) {
  Register("0.3");
  EXPECT_THAT(Expect(2, {"update", "model", "churn"}), HasSubstr("nothing to change"));
  EXPECT_THAT(Expect(2, {"update", "version", "churn@1", "--tag", "a=1", "--remove-tag", "a"}),
              HasSubstr("both set and removed"));
  EXPECT_THAT(Expect(0, {"update", "model", "churn", "--description", "x", "--dry-run"}),
              HasSubstr("dry run"));
  EXPECT_THAT(Expect(0, {"get", "model", "churn", "-o", "json"}), Not(HasSubstr("description")));
  Expect(0, {"update", "model", "churn", "--description", "who leaves", "--tag", "team=crm"});
  EXPECT_THAT(Expect(0, {"get", "model", "churn", "-o", "json"}),
              AllOf(HasSubstr("who leaves"), HasSubstr("crm")));
  Expect(0, {"update", "version", "churn@1", "--tag", "a.b=1", "--tag", "c=2"});
  Expect(0, {"update", "version", "churn@1", "--remove-tag", "a.b"});
  EXPECT_THAT(Expect(0, {"get", "version", "churn@1", "-o", "json"}),
              AllOf(Not(HasSubstr("a.b")), HasSubstr("\"c\"")));
}

TEST_F(MlctlModelLifeTest, ArchivesRestoresAndDeletesVersions) {
  Register("0.3");
  Register("0.4");
  EXPECT_THAT(Expect(5, {"delete", "version", "churn@2", "--yes"}), HasSubstr("archive it before"));
  Expect(0, {"archive", "version", "churn@2", "--dry-run"});
  EXPECT_EQ(Id({"get", "version", "churn@latest"}), "churn@2");
  EXPECT_THAT(Expect(0, {"archive", "version", "churn@1", "churn@2"}),
              AllOf(HasSubstr("churn@1 archived"), HasSubstr("churn@2 archived")));
  EXPECT_THAT(Expect(0, {"restore", "version", "churn@1"}), HasSubstr("churn@1 restored"));
  EXPECT_EQ(Id({"get", "version", "churn@latest"}), "churn@1");
  EXPECT_THAT(Expect(0, {"delete", "version", "churn@2", "--yes", "--dry-run"}),
              HasSubstr("dry run"));
  EXPECT_THAT(Expect(0, {"delete", "version", "churn@2", "--yes"}), HasSubstr("churn@2 deleted"));
  Expect(3, {"get", "version", "churn@2"});
  Register("0.5");
  Expect(0, {"get", "version", "churn@3"});
}

TEST_F(MlctlModelLifeTest, CopiesAVersionWithWhatWasMeasured) {
  Register("0.3");
  EXPECT_EQ(Id({"copy", "version", "churn@1", "churn-eu"}), "churn-eu@1");
  EXPECT_THAT(Expect(0, {"get", "version", "churn-eu@1", "-o", "json"}),
              HasSubstr("models/churn/versions/1"));
  EXPECT_THAT(Expect(0, {"list", "evaluations", "churn-eu@1", "-o", "json"}), HasSubstr("0.3"));
}

TEST_F(MlctlModelLifeTest, AnAliasMovesOnlyFromWhereItIsExpected) {
  Register("0.3");
  Register("0.4");
  Expect(0, {"alias", "set", "churn@1", "best", "--expect", "0"});
  EXPECT_THAT(Expect(5, {"alias", "set", "churn@2", "best", "--expect", "2"}),
              HasSubstr("points at version 1"));
  Expect(0, {"alias", "set", "churn@2", "best", "--expect", "1"});
}

}  // namespace
}  // namespace cairn
