// Retention of data set versions over a real socket, with the real mlctl.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fmt/format.h"
#include "lib/base/files.h"
#include "tests/integration/client/mlctl_fixture.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;

class RetentionJourneyTest : public testing::MlctlFixture {
 protected:
  void Put(int content) const {
    const std::string file = folder_ / "data.bin";
    ASSERT_THAT(WriteFileAtomically(file, fmt::format("content {}", content)), IsOk());
    Expect(0, {"put", "dataset", "d", file, "-q"});
  }

  std::string Versions() const { return Expect(0, {"list", "datasets", "d", "-q"}); }
};

TEST_F(RetentionJourneyTest, OldVersionsGoWithNewOnesAndByHand) {
  for (int i = 1; i <= 5; ++i) Put(i);
  Expect(0, {"alias", "set", "dataset:d@1", "gold"});
  Expect(2, {"set", "retention", "d"});
  Expect(2, {"set", "retention", "d", "--none", "--keep-last", "1"});
  Expect(2, {"set", "retention", "d", "--keep-last", "0"});
  Expect(3, {"set", "retention", "other", "--keep-last", "3"});
  EXPECT_THAT(Expect(0, {"set", "retention", "d", "--keep-last", "3", "--dry-run"}),
              HasSubstr("keep the newest 3"));
  EXPECT_THAT(Expect(0, {"prune", "dataset", "d", "--dry-run"}), HasSubstr("would delete 0"));
  EXPECT_THAT(Expect(0, {"set", "retention", "d", "--keep-last", "3"}),
              HasSubstr("d: keep the newest 3\n"));
  EXPECT_THAT(Expect(0, {"describe", "dataset", "d"}),
              HasSubstr("Latest\t5\nRetention\tkeep the newest 3\n"));
  EXPECT_THAT(Expect(0, {"prune", "dataset", "d", "--dry-run"}),
              AllOf(HasSubstr("dataset:d@2\n"), HasSubstr("dataset:d@1 kept: "),
                    HasSubstr("would delete 1 versions"), Not(HasSubstr("dataset:d@3"))));
  Expect(0, {"get", "dataset", "dataset:d@2", "-q"});
  EXPECT_THAT(Expect(0, {"prune", "dataset", "d", "--yes"}), HasSubstr("dataset:d@2 deleted\n"));
  Expect(3, {"get", "dataset", "dataset:d@2", "-q"});
  Put(6);
  Expect(3, {"get", "dataset", "dataset:d@3", "-q"});
  for (const char* kept : {"dataset:d@gold", "dataset:d@4", "dataset:d@6"}) {
    Expect(0, {"get", "dataset", kept, "-q"});
  }
  EXPECT_THAT(Expect(0, {"set", "retention", "d", "--none"}), HasSubstr("keep all versions"));
  Put(7);
  Expect(0, {"get", "dataset", "dataset:d@4", "-q"});
}

TEST_F(RetentionJourneyTest, WhatARunReadOrMadeIsKept) {
  Put(1);
  std::string run = Expect(0, {"run", "start", "--input", "dataset:d@1", "-q"});
  run.pop_back();
  const std::string file = folder_ / "made.bin";
  ASSERT_THAT(WriteFileAtomically(file, "made"), IsOk());
  Expect(0, {"put", "dataset", "d", file, "--run", run, "-q"});
  Put(3);
  Expect(0, {"set", "retention", "d", "--keep-last", "1"});
  Put(4);
  Put(5);
  EXPECT_THAT(Expect(0, {"prune", "dataset", "d", "--yes", "-o", "json"}),
              AllOf(HasSubstr("datasets/d/versions/1"), HasSubstr("datasets/d/versions/2"),
                    Not(HasSubstr("datasets/d/versions/3"))));
  for (const char* kept : {"dataset:d@1", "dataset:d@2", "dataset:d@5"}) {
    Expect(0, {"get", "dataset", kept, "-q"});
  }
  for (const char* gone : {"dataset:d@3", "dataset:d@4"}) {
    Expect(3, {"get", "dataset", gone, "-q"});
  }
}

}  // namespace
}  // namespace cairn
