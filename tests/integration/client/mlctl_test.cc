// The real mlctl against the real server: logging, looking, deleting, operations, and what
// each ends with.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/files.h"
#include "tests/integration/client/mlctl_fixture.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class MlctlTest : public testing::MlctlFixture {};

TEST_F(MlctlTest, MetricsFromFilesAreLoggedAndDescribed) {
  const std::string run = Id({"run", "start", "nightly", "--param", "k=4", "--lease", "10m"});
  const std::string child = Id({"run", "start", "fold-1", "--parent-run", run});
  const std::string json = Write("a.jsonl",
                                 "{\"key\":\"loss\",\"step\":1,\"value\":0.5}\n"
                                 "{\"key\":\"loss\",\"step\":2,\"value\":NaN,\"time\":5}\n"
                                 "{\"key\":\"loss\",\"step\":3,\"value\":\"Infinity\"}\n");
  const std::string csv = Write("b.csv", "key,step,value\nacc,1,0.25\nacc,2,0.75\n");
  EXPECT_THAT(Expect(0, {"log", "metrics", run, "-f", json}), HasSubstr("3 points logged"));
  EXPECT_THAT(Expect(0, {"log", "metrics", run, "-f", csv, "-o", "json"}),
              HasSubstr("\"pointCount\": \"2\""));
  const std::string described = Expect(0, {"describe", "run", run});
  EXPECT_THAT(described, AllOf(HasSubstr("k\t4\n"), HasSubstr("Lease\t600s"),
                               HasSubstr("acc\t0.75\t2\t0.25\t0.75\t2\t▁█"),
                               HasSubstr("loss\tinf\t3\t0.5\tinf\t3\t"), HasSubstr(child)));
  const std::string message = Expect(0, {"describe", "run", run, "-o", "json"});
  EXPECT_THAT(message, AllOf(HasSubstr("\"leaseDuration\": \"600s\""), Not(HasSubstr("fold-1"))));
}

TEST_F(MlctlTest, LongListsAreCutInTablesWithAHintAndNowhereElse) {
  std::vector<std::string> start = {"run", "start"};
  for (int i = 10; i < 35; ++i) start.insert(start.end(), {"--param", fmt::format("p{}=x", i)});
  const std::string run = Id(start);
  EXPECT_THAT(Expect(0, {"describe", "run", run, "-o", "table"}),
              AllOf(HasSubstr("Parameters (25)"), HasSubstr("p29"), Not(HasSubstr("p30")),
                    HasSubstr("5 more; --all or -o json")));
  for (const std::vector<std::string>& whole : std::vector<std::vector<std::string>>{
           {"-o", "table", "--all"}, {"-o", "tsv"}, {"-o", "json"}, {"-o", "wide"}}) {
    std::vector<std::string> words = {"describe", "run", run};
    words.insert(words.end(), whole.begin(), whole.end());
    EXPECT_THAT(Expect(0, words), AllOf(HasSubstr("p34"), Not(HasSubstr("more;"))));
  }
}

TEST_F(MlctlTest, ABadLineIsNamedAndWhatCameBeforeItIsKept) {
  const std::string run = Id({"run", "start"});
  const std::string file = Write("a.jsonl",
                                 "{\"key\":\"loss\",\"step\":1,\"value\":0.5}\n\n"
                                 "{\"key\":\"loss\",\"step\":\"two\",\"value\":1}\n");
  EXPECT_THAT(Expect(2, {"log", "metrics", run, "-f", file}),
              AllOf(HasSubstr("line 3: step"), HasSubstr("1 points logged")));
  EXPECT_THAT(Expect(0, {"describe", "run", run}), HasSubstr("loss\t0.5\t1\t0.5\t0.5\t1"));
  EXPECT_THAT(Expect(1, {"log", "metrics", run, "-f", folder_ / "none.jsonl"}),
              HasSubstr("none.jsonl"));
  EXPECT_THAT(Expect(2, {"log", "metrics", run, "-f", file, "--dry-run"}), HasSubstr("line 3"));
}

// What a newcomer meets.

TEST_F(MlctlTest, AStartedRunCreatesItsExperimentAndSaysSo) {
  EXPECT_THAT(Expect(3, {"run", "start", "--experiment", "segments", "--no-create"}),
              HasSubstr("\"segments\" does not exist"));
  EXPECT_THAT(Expect(0, {"run", "start", "--experiment", "segments", "--dry-run"}),
              HasSubstr("there is no experiment \"segments\": it would be created"));
  EXPECT_THAT(Expect(0, {"list", "experiments"}), Not(HasSubstr("segments")));
  EXPECT_THAT(Expect(0, {"run", "start", "first", "--experiment", "segments"}),
              HasSubstr("there is no experiment \"segments\": created experiments/"));
  EXPECT_THAT(Expect(0, {"run", "start", "second", "--experiment", "segments"}),
              Not(HasSubstr("created")));
  EXPECT_THAT(Expect(0, {"search", "runs", "--experiment", "segments"}),
              AllOf(HasSubstr("first"), HasSubstr("second")));
  Expect(3, {"run", "start", "--experiment", "12345"});
  Expect(3, {"run", "start", "--experiment", "experiments/12345"});
}

TEST_F(MlctlTest, LimitsBelowOneAreRefused) {
  for (const std::string limit : {"0", "-1"}) {
    for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
             {"search", "runs"}, {"list", "experiments"}, {"list", "models"}}) {
      std::vector<std::string> words = command;
      words.push_back("--limit=" + limit);
      EXPECT_THAT(Expect(2, words), HasSubstr("--limit " + limit + " must be at least 1"));
    }
  }
}

TEST_F(MlctlTest, AModelAloneSaysWhatOfItCanBeFetched) {
  const std::string run = Id({"run", "start", "nightly"});
  const std::string file = Write("model.txt", "k=4");
  Expect(0, {"log", "artifact", run, file});
  Expect(0, {"create", "model", "segments"});
  EXPECT_THAT(Expect(2, {"fetch", "segments", "-o", folder_ / "out"}),
              HasSubstr("segments is a model without versions"));
  Expect(0, {"register", "model", "segments", "--run", run});
  EXPECT_THAT(Expect(2, {"fetch", "segments", "-o", folder_ / "out"}),
              HasSubstr("segments is a model; say which version: segments@1 (the newest)"));
}

TEST_F(MlctlTest, PointsForAServerThatIsAwayWaitInTheLogAndAreReplayed) {
  const std::string uid = Id({"run", "start"});
  const std::string run = "experiments/0/runs/" + uid;
  const std::string file = Write("a.csv", "loss,1,0.5\nloss,2,0.25\n");
  const std::string log = folder_ / "metrics.log";
  server_.Kill();
  EXPECT_THAT(
      Expect(10, {"log", "metrics", run, "-f", file, "--offline-log", log, "--patience", "100ms"}),
      HasSubstr("2 points wait in " + log + ": `mlctl log replay " + log + "`"));
  EXPECT_THAT(Expect(8, {"log", "replay", log, "--patience", "100ms"}),
              HasSubstr(server_.grpc_address()));
  ASSERT_TRUE(server_.Start());
  EXPECT_THAT(Expect(0, {"log", "replay", log}), HasSubstr("2 points logged"));
  EXPECT_FALSE(std::filesystem::exists(log));
  EXPECT_THAT(Expect(0, {"describe", "run", run}), HasSubstr("loss\t0.25\t2\t0.25\t0.5\t2"));
  Expect(1, {"log", "replay", log});
}

TEST_F(MlctlTest, ADamagedLogIsAnIntegrityErrorAndAnotherFileAUsageError) {
  const std::string run = "experiments/0/runs/" + Id({"run", "start"});
  const std::string log = folder_ / "metrics.log";
  server_.Kill();
  for (int i = 0; i < 3; ++i) {
    const std::string file = Write("a.csv", "loss," + std::to_string(i) + ",0.5\n");
    Expect(10, {"log", "metrics", run, "-f", file, "--offline-log", log, "--patience", "1ms"});
  }
  std::string bytes = *ReadFile(log);
  bytes[150] = static_cast<char>(bytes[150] ^ 1);
  Write("metrics.log", bytes);
  EXPECT_THAT(Expect(9, {"log", "replay", log}), HasSubstr("damaged at byte"));
  Expect(2, {"log", "replay", Write("other", "this is something else\n")});
}

TEST_F(MlctlTest, RunsGoByNameFromDeletedToRestoredToPurged) {
  const std::string one = Id({"run", "start", "one"});
  const std::string two = Id({"run", "start", "two"});
  EXPECT_THAT(Expect(2, {"delete", "run", one}), HasSubstr("--yes"));
  Expect(5, {"purge", "run", one, "--yes"});
  Expect(5, {"purge", "run", one, "--dry-run"});
  EXPECT_THAT(Expect(0, {"delete", "run", one, two, "--dry-run"}),
              HasSubstr("nothing was changed"));
  Expect(0, {"delete", "run", one, two, "--yes"});
  Expect(5, {"delete", "run", one, "--dry-run"});
  Expect(0, {"restore", "run", "two"});
  Expect(5, {"restore", "run", two});
  // One of two can be purged.
  EXPECT_THAT(Expect(10, {"purge", "run", one, two, "--yes"}), HasSubstr("error:"));
  Expect(3, {"get", "run", one});
  Expect(0, {"get", "run", two});
  Expect(3, {"delete", "run", "absent", "--yes"});
}

TEST_F(MlctlTest, ManyRunsAreChangedByFilterAsAnOperation) {
  Expect(0, {"create", "experiment", "scratch"});
  for (int i = 0; i < 5; ++i) Expect(0, {"run", "start", "trial", "-e", "scratch"});
  const std::string kept = Id({"run", "start", "kept", "-e", "scratch"});
  const std::string filter = "display_name = \"trial\"";
  EXPECT_THAT(Expect(2, {"delete", "runs", "--filter", filter}), HasSubstr("--yes"));
  EXPECT_THAT(Expect(2, {"delete", "runs", "--yes"}), HasSubstr("--filter"));
  EXPECT_THAT(Expect(2, {"delete", "runs", "--filter", "metrics..x > 1", "--yes"}),
              HasSubstr("filter"));
  EXPECT_THAT(Expect(0, {"delete", "runs", "--filter", filter, "--dry-run"}),
              HasSubstr("would delete 5 runs"));
  EXPECT_THAT(Expect(0, {"delete", "runs", "--filter", filter, "--yes", "--wait"}),
              HasSubstr("done: 5 of 5 runs"));
  EXPECT_THAT(Expect(0, {"count", "runs", "-e", "scratch"}), HasSubstr("1"));
  Expect(0, {"restore", "runs", "-e", "scratch", "--filter", filter, "--wait"});
  Expect(0, {"delete", "runs", "-e", "scratch", "--filter", filter, "--yes", "--wait"});
  const std::string operation = Id({"purge", "runs", "-e", "scratch", "--yes"});
  EXPECT_THAT(Expect(0, {"wait", "operation", operation, "--patience", "1m"}),
              HasSubstr("5 of 5 runs"));
  EXPECT_THAT(Expect(0, {"get", "operation", "operations/" + operation}),
              AllOf(HasSubstr("purge runs"), HasSubstr("done")));
  EXPECT_THAT(Expect(0, {"list", "operations", "-o", "json"}), HasSubstr(operation));
  EXPECT_THAT(Expect(0, {"get", "operations", "-q"}), HasSubstr(operation));
  EXPECT_THAT(Expect(0, {"cancel", "operation", operation}), HasSubstr("done"));
  Expect(3, {"wait", "operation", "nothing"});
  EXPECT_THAT(Expect(0, {"list", "runs", "-e", "scratch", "-q", "--show-deleted"}),
              HasSubstr(kept));
}

TEST_F(MlctlTest, AnExperimentIsPurgedWithItsRuns) {
  Expect(0, {"create", "experiment", "scratch"});
  const std::string run = Id({"run", "start", "-e", "scratch"});
  Expect(5, {"delete", "experiment", "0", "--dry-run"});
  Expect(5, {"purge", "experiment", "scratch", "--yes"});
  Expect(0, {"delete", "experiment", "scratch", "--yes"});
  EXPECT_THAT(Expect(2, {"purge", "experiment", "scratch"}), HasSubstr("--yes"));
  EXPECT_THAT(Expect(0, {"purge", "experiment", "scratch", "--yes", "--wait"}),
              HasSubstr("done: 1 of 1 runs"));
  Expect(3, {"get", "experiment", "scratch"});
  Expect(3, {"get", "run", run});
}

TEST_F(MlctlTest, ARunIsKeptAliveEndedAndResumed) {
  const std::string run = Id({"run", "start", "--lease", "5m"});
  EXPECT_THAT(Expect(0, {"run", "heartbeat", run}), HasSubstr("300 s"));
  Expect(0, {"run", "finish", run, "--state", "failed"});
  Expect(5, {"run", "heartbeat", run});
  EXPECT_THAT(Expect(0, {"run", "resume", run}), HasSubstr("running"));
  Expect(0, {"run", "heartbeat", run});
}

}  // namespace
}  // namespace cairn
