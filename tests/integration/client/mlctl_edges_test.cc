// The real mlctl at its edges: names and bytes, dry runs, damaged input, addresses and outputs
// that cannot be written.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "lib/base/files.h"
#include "tests/integration/client/mlctl_fixture.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProgramPath;
using testing::ProgramResult;
using testing::RunProgram;

class MlctlEdgesTest : public testing::MlctlFixture {
 protected:
  // How a line of the shell ends in which $M is mlctl.
  ProgramResult Shell(const std::string& line) const {
    return RunProgram({"/bin/sh", "-c",
                       "export MLCTL_SERVER=" + server_.grpc_address() +
                           "; M=" + ProgramPath("mlctl") + "; " + line});
  }
};

TEST_F(MlctlEdgesTest, NamesOfFilesAreStoredAndFetchedLiterally) {
  const std::string run = Id({"run", "start"});
  const std::vector<std::string> names = {"100%25.txt", "a%20b.txt", "a b.txt", "a%2Fb.txt",
                                          "q?",         "a:1.png",   "h#1",     "x;y"};
  std::filesystem::create_directories(folder_ / "p");
  for (const std::string& name : names) Write("p/" + name, "content of " + name);
  Expect(0, {"log", "artifact", run, folder_ / "p"});
  Expect(0, {"put", "dataset", "names", folder_ / "p"});
  for (const std::string& source : {run, std::string("dataset:names@1")}) {
    const std::string out = folder_ / ("out" + std::to_string(source.size()));
    Expect(0, {"fetch", source, "-o", out});
    for (const std::string& name : names) {
      EXPECT_EQ(ReadFile(fmt::format("{}/p/{}", out, name)).value_or(""), "content of " + name);
    }
  }
}

TEST_F(MlctlEdgesTest, WhatCannotBeStoredIsRefusedWithAndWithoutDryRun) {
  const std::string run = Id({"run", "start"});
  std::filesystem::create_directories(folder_ / "d");
  Write("d/file", "x");
  std::filesystem::create_symlink("nowhere", folder_ / "d/dangling");
  for (const char* flag : {"--dry-run", "--no-headers"}) {
    EXPECT_THAT(Expect(2, {"log", "artifact", run, folder_ / "d", flag}), HasSubstr("dangling"));
    EXPECT_THAT(Expect(2, {"put", "dataset", "d", folder_ / "d", flag}), HasSubstr("dangling"));
  }
  EXPECT_THAT(Expect(0, {"list", "artifacts", run}), Not(HasSubstr("d/file")));
}

TEST_F(MlctlEdgesTest, AForgottenFilterDeletesNothing) {
  Id({"run", "start"});
  EXPECT_THAT(Expect(2, {"delete", "runs", "--yes", "--filter", "--dry-run"}),
              HasSubstr("--filter needs a value"));
  EXPECT_THAT(Expect(2, {"delete", "runs", "--yes", "--wait", "--filter", " "}),
              HasSubstr("blank"));
  EXPECT_THAT(Expect(0, {"count", "runs"}), HasSubstr("1"));
}

TEST_F(MlctlEdgesTest, ADryRunIsCheckedByTheServerAndChangesNothing) {
  EXPECT_THAT(Expect(0, {"create", "experiment", "one", "--dry-run", "-o", "json"}),
              HasSubstr("\"displayName\": \"one\""));
  EXPECT_THAT(Expect(0, {"create", "experiment", "one", "--dry-run"}),
              HasSubstr("nothing was changed"));
  Expect(0, {"create", "experiment", "one"});
  Expect(5, {"create", "experiment", "one", "--dry-run"});
  const std::string run = Id({"run", "start", "--param", "k=4"});
  Expect(5, {"log", "param", run, "k=5", "--dry-run"});
  EXPECT_THAT(Expect(0, {"log", "param", run, "l=5", "--dry-run"}),
              HasSubstr("checked by the server"));
  Expect(0, {"run", "finish", run, "--dry-run"});
  EXPECT_THAT(Expect(0, {"describe", "run", run}),
              AllOf(HasSubstr("running"), Not(HasSubstr("l\t5"))));
  Expect(0, {"delete", "run", run, "--dry-run"});
  Expect(0, {"delete", "experiment", "one", "--dry-run"});
  Expect(0, {"delete", "experiment", "one", "--yes"});
  Expect(0, {"purge", "experiment", "one", "--dry-run", "--yes"});
  EXPECT_THAT(Expect(0, {"list", "operations"}), Not(HasSubstr("operations/")));
  const std::string file = Write("a.csv", "loss,1,0.5\n");
  EXPECT_THAT(Expect(0, {"log", "metrics", run, "-f", file, "--dry-run"}),
              HasSubstr("would log 1 points"));
  EXPECT_THAT(Expect(0, {"log", "artifact", run, file, "--dry-run"}), HasSubstr("a.csv"));
  EXPECT_THAT(Expect(0, {"list", "artifacts", run}), Not(HasSubstr("a.csv")));
}

TEST_F(MlctlEdgesTest, ARestorationSaysWhenItBringsBackWhatOtherCommandsTook) {
  const std::string one = Id({"run", "start", "one"});
  Id({"run", "start", "two"});
  Id({"run", "start", "three"});
  Expect(0, {"delete", "run", one, "--yes"});
  const std::string filter = "state = RUNNING";
  Expect(0, {"delete", "runs", "--filter", filter, "--yes", "--wait"});
  const std::string asked = Expect(2, {"restore", "runs", "--filter", filter, "--wait"});
  EXPECT_THAT(asked, AllOf(HasSubstr("3 runs, which 2 deletions took: 2 at "),
                           HasSubstr("--deleted-at"), HasSubstr("--yes")));
  const size_t begin = asked.find("2 at ") + 5;
  const std::string time = asked.substr(begin, asked.find(',', begin) - begin);
  Expect(0, {"restore", "runs", "--filter", filter, "--deleted-at", time});
  EXPECT_THAT(Expect(0, {"count", "runs"}), HasSubstr("2"));
  Expect(0, {"restore", "runs", "--filter", filter, "--wait"});
  EXPECT_THAT(Expect(0, {"count", "runs"}), HasSubstr("3"));
}

TEST_F(MlctlEdgesTest, AnExperimentWithANumberForANameIsReached) {
  Expect(0, {"create", "experiment", "2024"});  // experiments/1
  EXPECT_THAT(Expect(0, {"get", "experiment", "2024"}), HasSubstr("1\t2024"));
  Expect(0, {"create", "experiment", "1"});
  EXPECT_THAT(Expect(2, {"get", "experiment", "1"}),
              AllOf(HasSubstr("name:1"), HasSubstr("experiments/1")));
  EXPECT_THAT(Expect(0, {"get", "experiment", "name:1"}), HasSubstr("2\t1\t"));
  EXPECT_THAT(Expect(0, {"get", "experiment", "experiments/1"}), HasSubstr("1\t2024"));
}

TEST_F(MlctlEdgesTest, NamesOfRunsHaveNoWildcards) {
  const std::string star = Id({"run", "start", "star*"});
  Id({"run", "start", "starfish"});
  EXPECT_EQ(Id({"get", "run", "star*"}), star);
  Expect(3, {"get", "run", "sta*"});
}

TEST_F(MlctlEdgesTest, ADeletedNameSaysThatItIsDeletedAndHowToGetItBack) {
  const std::string run = Id({"run", "start", "gone"});
  Expect(0, {"delete", "run", run, "--yes"});
  for (const std::string& name : {std::string("gone"), run.substr(0, 8)}) {
    EXPECT_THAT(Expect(5, {"get", "run", name}),
                AllOf(HasSubstr("is deleted"), HasSubstr("mlctl restore run " + run),
                      HasSubstr("mlctl purge run")));
  }
  EXPECT_THAT(Expect(5, {"log", "param", run, "k=4"}), HasSubstr("mlctl restore run"));
}

TEST_F(MlctlEdgesTest, TextIsCheckedAtTheEdgeAndNamed) {
  EXPECT_THAT(Expect(2, {"list", "runs", "--principal", "Zo\xc3\xab"}), HasSubstr("principal"));
  const std::string run = Id({"run", "start"});
  EXPECT_THAT(Expect(2, {"log", "tag", run, "a=\xe9"}),
              AllOf(HasSubstr("argument 2"), Not(HasSubstr("libprotobuf"))));
  EXPECT_THAT(Expect(2, {"apply", "-f", Write("policy.yaml", "name: \xe9\n")}),
              AllOf(HasSubstr("policy.yaml is not UTF-8"), Not(HasSubstr("libprotobuf"))));
  EXPECT_THAT(Expect(2, {"log", "param", run, "k=1", "k=2"}), HasSubstr("k is given twice"));
}

TEST_F(MlctlEdgesTest, AFilterOrOrderThatWasNotMeantSo) {
  const std::string run = Id({"run", "start"});
  Expect(0, {"log", "metric", run, "loss=1"});
  EXPECT_THAT(Expect(2, {"list", "runs", "--filter", "LIKE"}), HasSubstr("no operator here"));
  EXPECT_THAT(Expect(2, {"list", "runs", "--filter", "silhouette > 0.2"}),
              HasSubstr("write metrics.silhouette"));
  EXPECT_THAT(Expect(0, {"search", "runs", "--order-by", "metrics.nosuch desc"}),
              HasSubstr("no run here has the metric nosuch"));
  EXPECT_THAT(Expect(0, {"search", "runs", "--order-by", "metrics.loss desc"}),
              Not(HasSubstr("orders nothing")));
}

TEST_F(MlctlEdgesTest, AddressesThatAreNoneAreUsageErrors) {
  const auto list = [](const std::string& address) {
    return RunProgram({ProgramPath("mlctl"), "list", "runs", "--server", address});
  };
  for (const std::string& address : {"http://" + server_.grpc_address(), std::string("127.0.0.1"),
                                     std::string("127.0.0.1:99999"), server_.http_address()}) {
    const ProgramResult result = list(address);
    EXPECT_EQ(result.exit_code, 2) << address << ": " << result.output;
    EXPECT_THAT(result.output, HasSubstr("address"));
  }
  EXPECT_THAT(list(server_.http_address()).output, HasSubstr("answers HTTP"));
}

TEST_F(MlctlEdgesTest, AnOutputThatCannotBeWrittenIsAFailureAndNoAbort) {
  Id({"run", "start"});
  for (const char* line : {"$M list runs > /dev/full", "$M list runs >&-", "$M list runs >&- 2>&-",
                           "$M help > /dev/full", "$M list runs -o json > /dev/full"}) {
    EXPECT_EQ(Shell(line).exit_code, 1) << line;
  }
  EXPECT_EQ(Shell("$M list runs 2>&-").exit_code, 0);
  EXPECT_EQ(Shell("$M list nonsense 2>&-").exit_code, 2);
}

TEST_F(MlctlEdgesTest, AnOfflineLogThatIsDamagedInItsLastRecordStaysAndItsGoodPartIsTold) {
  const std::string run = "experiments/0/runs/" + Id({"run", "start"});
  const std::string log = folder_ / "metrics.log";
  server_.Kill();
  for (int i = 0; i < 3; ++i) {
    const std::string file = Write("a.csv", "loss," + std::to_string(i) + ",0.5\n");
    Expect(10, {"log", "metrics", run, "-f", file, "--offline-log", log, "--patience", "1ms"});
  }
  std::string bytes = *ReadFile(log);
  bytes[bytes.size() - 3] = static_cast<char>(bytes[bytes.size() - 3] ^ 1);
  Write("metrics.log", bytes);
  ASSERT_TRUE(server_.Start());
  EXPECT_THAT(Expect(9, {"log", "replay", log}),
              AllOf(HasSubstr("2 batches with 2 points"), HasSubstr("the file stays")));
  EXPECT_EQ(ReadFile(log)->size(), bytes.size());
  EXPECT_THAT(Expect(0, {"describe", "run", run}), HasSubstr("loss\t0.5\t1\t"));
}

TEST_F(MlctlEdgesTest, AnOfflineLogWhoseLastRecordIsTornEndsAsDamagedWithTheRestSent) {
  const std::string run = "experiments/0/runs/" + Id({"run", "start"});
  const std::string log = folder_ / "metrics.log";
  server_.Kill();
  for (int i = 0; i < 3; ++i) {
    const std::string file = Write("a.csv", "loss," + std::to_string(i) + ",0.5\n");
    Expect(10, {"log", "metrics", run, "-f", file, "--offline-log", log, "--patience", "1ms"});
  }
  const std::string bytes = *ReadFile(log);
  const std::string torn = bytes.substr(0, bytes.size() - 3);
  Write("metrics.log", torn);
  ASSERT_TRUE(server_.Start());
  // Kind of fault: one command of two says that something was lost.
  const std::string more = Write("more.csv", "loss,9,0.25\n");
  const std::string again = Write("again.log", torn);
  EXPECT_THAT(Expect(9, {"log", "metrics", run, "-f", more, "--offline-log", again}),
              HasSubstr("tore"));
  EXPECT_THAT(Expect(9, {"log", "replay", log}),
              AllOf(HasSubstr("2 points logged"), HasSubstr("tore")));
  EXPECT_THAT(Expect(0, {"describe", "run", run}), HasSubstr("loss\t0.25\t9\t"));
}

}  // namespace
}  // namespace cairn
