// What a newcomer meets in the real mlctl: misspelt names, narrow terminals, columns that are not
// there, commands that are repeated.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "client-cli/cli/terminal.h"
#include "fmt/format.h"
#include "tests/integration/client/mlctl_fixture.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kPolicy[] =
    "apiVersion: cairn/v1\n"
    "kind: PromotionPolicy\n"
    "metadata: {name: churn-policy}\n"
    "spec:\n"
    "  target: {model: churn, channel: production}\n"
    "  evidence: {trust: reported}\n"
    "  gates:\n"
    "    - {id: silhouette-floor, metric: silhouette, pass: \">= 0.1\"}\n";

class MlctlNewcomerTest : public testing::MlctlFixture {
 protected:
  int Lines(const std::vector<std::string>& words) const {
    const std::string output = Expect(0, words);
    return static_cast<int>(std::count(output.begin(), output.end(), '\n'));
  }

  // What a command prints to a terminal of 80 columns.
  std::string OnTerminal(const std::string& command) const {
    const auto result =
        testing::RunProgram({"/usr/bin/env", "COLUMNS=80", "LANG=C.UTF-8", "NO_COLOR=1",
                             "MLCTL_SERVER=" + server_.grpc_address(), "script", "-qec",
                             testing::ProgramPath("mlctl") + " " + command, "/dev/null"});
    EXPECT_EQ(result.exit_code, 0) << command << ": " << result.output;
    return result.output;
  }
};

TEST_F(MlctlNewcomerTest, ARepeatedCommandWithItsRequestIdIsDoneOnce) {
  const std::string id = "0b6a1d6e-3b7e-4c39-9c0f-0d7f1f6f3f10";
  const std::vector<std::string> start = {"run",  "start",        "nightly", "--experiment",
                                          "new!", "--request-id", id};
  const std::string first = Id(start);  // behind a note that the experiment was created
  const std::string started = Id(start);
  EXPECT_THAT(first, ::testing::EndsWith("\n" + started));
  EXPECT_EQ(Lines({"list", "runs", "-q"}), 1);
  EXPECT_EQ(Lines({"list", "experiments", "-q"}), 2);
  for (int i = 0; i < 2; ++i) {
    Expect(0, {"log", "metric", started, "loss=0.5", "--request-id", id});
  }
  EXPECT_EQ(Lines({"get", "curve", started, "loss", "--no-headers"}), 1);
  EXPECT_THAT(Expect(2, {"log", "metric", started, "loss=0.7", "--request-id", id}),
              AllOf(HasSubstr("request_id"), HasSubstr("--request-id " + id)));
}

TEST_F(MlctlNewcomerTest, ARequestIdThatIsNoneIsRefused) {
  EXPECT_THAT(Expect(2, {"run", "start", "--request-id", "monday"}), HasSubstr("UUID"));
  EXPECT_THAT(Expect(2, {"log", "metrics", "any", "-f", Write("m.csv", "key,value\n"),
                         "--request-id", "0b6a1d6e-3b7e-4c39-9c0f-0d7f1f6f3f10"}),
              HasSubstr("--offline-log"));
}

TEST_F(MlctlNewcomerTest, ARunHasTheIdThatWasChosenAndOnlyOnce) {
  const std::string id(32, 'a');
  EXPECT_EQ(Id({"run", "start", "--run-id", id}), id);
  EXPECT_THAT(Expect(5, {"run", "start", "--run-id", id, "-o", "json"}), HasSubstr("RUN_EXISTS"));
  Expect(0, {"create", "experiment", "other"});
  EXPECT_THAT(Expect(5, {"run", "start", "--experiment", "other", "--run-id", id}),
              HasSubstr("experiments/0/runs/" + id));
  EXPECT_THAT(Expect(2, {"run", "start", "--run-id", "mine"}), HasSubstr("run_id"));
}

TEST_F(MlctlNewcomerTest, AMisspeltNameIsMetWithTheNearest) {
  Expect(0, {"create", "experiment", "segments"});
  const std::string run = Id({"run", "start", "nightly"});
  Expect(0, {"log", "metric", run, "loss=1"});
  Write("data.csv", "a,b\n1,2\n");
  Expect(0, {"put", "dataset", "retail", folder_ / "data.csv"});
  Expect(0, {"log", "artifact", run, folder_ / "data.csv"});
  Expect(0, {"register", "model", "churn", "--run", run});
  Expect(0, {"alias", "set", "churn@1", "best"});
  Expect(0, {"apply", "-f", Write("policy.yaml", kPolicy)});
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"get", "experiment", "segmnts"}, "segments"},
      {{"get", "experiment", "SEGMENTS"}, "segments"},
      {{"get", "run", "nigthly"}, "nightly"},
      {{"get", "dataset", "retial"}, "retail"},
      {{"get", "version", "dataset:reta@1"}, "retail"},
      {{"get", "model", "chrun"}, "churn"},
      {{"get", "version", "chrun@1"}, "churn"},
      {{"get", "version", "churn@bset"}, "churn@best"},
      {{"why", "churn#prodution"}, "churn#production"},
      {{"get", "policy", "churn-polcy"}, "churn-policy"},
      {{"fetch", "nigthly", "-o", folder_ / "out"}, "nightly"},
      {{"fetch", "chrun", "-o", folder_ / "out"}, "churn@latest"},
      {{"fetch", "retial", "-o", folder_ / "out"}, "dataset:retail@latest"},
      {{"fetch", "retail", "-o", folder_ / "out"}, "dataset:retail@latest"},
      {{"lineage", "churn"}, "churn@latest"},
      {{"get", "curve", "nightly", "los"}, "loss"},
      {{"get", "curve", "nightly", "LOSS", "--points"}, "loss"}};
  for (const auto& [words, meant] : cases) {
    EXPECT_THAT(Expect(3, words), HasSubstr(fmt::format("did you mean \"{}\"?", meant)));
  }
  EXPECT_THAT(Expect(3, {"get", "model", "something-else"}), Not(HasSubstr("did you mean")));
  EXPECT_THAT(Expect(3, {"get", "version", "churn@7"}), Not(HasSubstr("did you mean")));
  Expect(0, {"create", "experiment", "2"});
  EXPECT_THAT(Expect(3, {"get", "experiment", "a"}), Not(HasSubstr("did you mean")));
  EXPECT_THAT(Expect(3, {"fetch", "unheard-of", "-o", folder_ / "out"}),
              AllOf(HasSubstr("mlctl list models"), Not(HasSubstr("did you mean"))));
  EXPECT_THAT(Expect(3, {"get", "curve", run, "accuracy"}),
              AllOf(HasSubstr("has no metric"), Not(HasSubstr("did you mean"))));
  EXPECT_THAT(Expect(0, {"get", "curve", run, "loss", "--from", "5"}), HasSubstr("range of steps"));
}

TEST_F(MlctlNewcomerTest, AFullNameWithAVersionOfAShortOneIsRefusedWithTheFormsThereAre) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"get", "dataset"},
                                                {"get", "version"},
                                                {"list", "versions"},
                                                {"fetch"},
                                                {"lineage"}}) {
    std::vector<std::string> all = words;
    all.emplace_back("datasets/retail@1");
    EXPECT_THAT(Expect(2, all),
                AllOf(HasSubstr("dataset:retail@1"), HasSubstr("datasets/retail/versions/1"),
                      Not(HasSubstr("%40"))));
  }
}

TEST_F(MlctlNewcomerTest, AnInputThatIsGivenTwiceIsRefused) {
  const std::string run = Id({"run", "start"});
  Expect(0, {"put", "dataset", "retail", Write("data.csv", "a,b\n1,2\n")});
  EXPECT_THAT(Expect(2, {"log", "input", run, "dataset:retail@1", "dataset:retail@latest"}),
              HasSubstr("given twice"));
  EXPECT_THAT(Expect(0, {"describe", "run", run}), Not(HasSubstr("Inputs")));
}

TEST_F(MlctlNewcomerTest, NothingIsLoggedIntoNestedInOrMadeFromADeletedRun) {
  const std::string run = Id({"run", "start"});
  Write("model.bin", "x");
  Expect(0, {"log", "artifact", run, folder_ / "model.bin"});
  Expect(0, {"delete", "run", run, "--yes"});
  const std::vector<std::vector<std::string>> commands = {
      {"log", "artifact", run, folder_ / "model.bin"},
      {"delete", "artifact", run, "model.bin", "--yes"},
      {"log", "metric", run, "loss=1"},
      {"run", "start", "--parent-run", run},
      {"register", "model", "churn", "--run", run}};
  for (std::vector<std::string> words : commands) {
    words.insert(words.end(), {"-o", "json"});
    EXPECT_THAT(Expect(5, words), HasSubstr("RUN_DELETED")) << words[1];
  }
  EXPECT_THAT(Expect(0, {"get", "run", run}), HasSubstr("is deleted: `mlctl restore run"));
}

TEST_F(MlctlNewcomerTest, TheNameOfADeletedExperimentSaysWhyItIsTaken) {
  Expect(0, {"create", "experiment", "2024"});
  Expect(0, {"delete", "experiment", "2024", "--yes"});
  EXPECT_THAT(Expect(5, {"create", "experiment", "2024"}),
              AllOf(HasSubstr("deleted"), HasSubstr("restore"), HasSubstr("purge")));
}

TEST_F(MlctlNewcomerTest, AModelOrChannelThatIsNotThereIsNotFound) {
  const std::string run = Id({"run", "start"});
  Write("model.bin", "x");
  Expect(0, {"log", "artifact", run, folder_ / "model.bin"});
  Expect(0, {"register", "model", "churn", "--run", run});
  Expect(0, {"apply", "-f", Write("policy.yaml", kPolicy)});
  Expect(0, {"history", "churn#production"});
  EXPECT_THAT(Expect(3, {"history", "churn#prodution"}), HasSubstr("churn#production"));
  EXPECT_THAT(Expect(3, {"promote", "chrun", "--channel", "production"}), HasSubstr("\"churn\""));
  EXPECT_THAT(Expect(5, {"promote", "churn", "--channel", "prodution"}),
              HasSubstr("did you mean \"churn#production\"?"));
}

TEST_F(MlctlNewcomerTest, AFilterThatSaysNothingDeletesNothing) {
  Id({"run", "start"});
  for (const char* filter : {"--filter=\"\"", "--filter=(\"\")", "--filter=\"\" \"\""}) {
    EXPECT_THAT(Expect(2, {"delete", "runs", "--yes", filter}), HasSubstr("write * for all"));
  }
  EXPECT_EQ(Lines({"list", "runs", "-q"}), 1);
}

TEST_F(MlctlNewcomerTest, ADryRunOfManyAnswersAsTheRealCallDoes) {
  Id({"run", "start"});
  const std::string dry =
      Expect(0, {"delete", "runs", "--filter", "state = RUNNING", "--dry-run", "-o", "json"});
  EXPECT_THAT(dry, AllOf(HasSubstr("BulkChangeRunsMetadata"), HasSubstr("\"runCount\": \"1\"")));
}

TEST_F(MlctlNewcomerTest, AColumnOfAMetricThatNoRunHasIsEmptyAndSaid) {
  const std::string run = Id({"run", "start"});
  Expect(0, {"log", "metric", run, "loss=1"});
  const std::string output =
      Expect(0, {"list", "runs", "--columns", "metrics.loss,metrics.silhouette", "-o", "csv"});
  EXPECT_THAT(output, AllOf(HasSubstr("metrics.loss,metrics.silhouette\r\n1,\r\n"),
                            HasSubstr("none of these has metrics.silhouette")));
  EXPECT_THAT(Expect(2, {"list", "runs", "--columns", "metric.loss"}),
              HasSubstr("did you mean metrics.loss?"));
}

TEST_F(MlctlNewcomerTest, SortingAPageSaysThatItIsOne) {
  for (int i = 0; i < 3; ++i) Id({"run", "start"});
  EXPECT_THAT(Expect(0, {"list", "runs", "--limit", "2", "--sort-by", "started"}),
              HasSubstr("--sort-by sorted these 2 only"));
  EXPECT_THAT(Expect(0, {"list", "runs", "--all", "--sort-by", "started"}),
              Not(HasSubstr("sorted these")));
  EXPECT_THAT(Expect(0, {"list", "runs", "-o", "json", "--sort-by", "started"}),
              HasSubstr("--sort-by is for tables"));
}

TEST_F(MlctlNewcomerTest, NothingIsWiderThanTheTerminalAndIdsAreWhole) {
  Expect(0, {"create", "experiment", "a name that is long enough to fill much of a line/2024"});
  const std::string run =
      Id({"run", "start", "a display name that nobody would call short at all", "--param",
          "learning_rate=0.000123456", "--param", "k=4", "--tag", "team=crm"});
  Expect(0, {"log", "metric", run, "silhouette=0.123456789", "davies_bouldin=1.23456789",
             "inertia=123456789.25", "calinski_harabasz=12345.678"});
  Write("data.csv", "a,b\n1,2\n");
  Expect(0, {"put", "dataset", "retail-of-the-united-kingdom", folder_ / "data.csv"});
  Expect(0, {"log", "artifact", run, folder_ / "data.csv"});
  Expect(0, {"run", "finish", run});
  Expect(0, {"register", "model", "churn", "--run", run});
  Expect(0, {"apply", "-f", Write("policy.yaml", kPolicy)});
  for (const char* command :
       {"list runs", "list experiments", "list datasets", "list versions churn", "list models",
        "list versions dataset:retail-of-the-united-kingdom", "list channels", "list policies",
        "list operations", "du", "lineage churn@1", "promote churn#production",
        "why churn#production", "help",
        "list runs --columns run,metrics.nosuch_of_a_kind_that_is_long_enough_to_wrap_around"}) {
    std::istringstream lines(OnTerminal(command));
    for (std::string line; std::getline(lines, line);) {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      if (line.rfind("models/churn/channels/production/decisions/", 0) == 0) continue;  // whole
      EXPECT_LE(cli::DisplayWidth(line), 80u) << command << ": " << line;
    }
  }
  EXPECT_THAT(OnTerminal("list runs"),
              AllOf(HasSubstr(run.substr(0, 12)), HasSubstr("no room for"), HasSubstr("0.123457")));
  EXPECT_THAT(OnTerminal("list runs --columns run,name,user,metrics.inertia,metrics.silhouette,"
                         "metrics.davies_bouldin,experiment,tags.team,params.k,started"),
              HasSubstr("metrics.inertia         1.23457e+08"));
}

}  // namespace
}  // namespace cairn
