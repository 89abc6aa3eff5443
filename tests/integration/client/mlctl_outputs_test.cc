// What the real mlctl prints: every command in every format, and nothing wider than the terminal.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "tests/integration/client/mlctl_fixture.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Json = nlohmann::json;

class MlctlOutputsTest : public testing::MlctlFixture {
 protected:
  Json JsonOf(std::vector<std::string> words) const {
    words.insert(words.end(), {"-o", "json"});
    const std::string output = Expect(0, words);
    const Json json = Json::parse(output, nullptr, false);
    EXPECT_TRUE(json.is_object()) << words[0] << " " << words[1] << ": " << output;
    return json;
  }
};

TEST_F(MlctlOutputsTest, ADescriptionComesInTheFormatThatWasAskedFor) {
  const std::string run = Id({"run", "start", "nightly", "--param", "k=4"});
  const std::string file = Write("data.csv", "a,b\n1,2\n");
  Expect(0, {"put", "dataset", "dd", file});
  Expect(0, {"log", "artifact", run, file});
  Expect(0, {"register", "model", "churn", "--run", run});
  const std::vector<std::vector<std::string>> things = {
      {"run", run},           {"dataset", "dd"},  {"dataset", "dataset:dd@1"},
      {"version", "churn@1"}, {"model", "churn"}, {"experiment", "0"}};
  for (const auto& thing : things) {
    const std::vector<std::string> words = {"describe", thing[0], thing[1], "-o"};
    const auto in = [&](const std::string& format) {
      std::vector<std::string> all = words;
      all.push_back(format);
      return Expect(0, all);
    };
    EXPECT_THAT(in("csv"), AllOf(StartsWith("FIELD,VALUE\r\nname,"), Not(HasSubstr("\t"))));
    EXPECT_THAT(in("md"), StartsWith("| FIELD | VALUE |\n| --- | --- |\n| name | "));
    EXPECT_TRUE(JsonOf({"describe", thing[0], thing[1]}).contains("name"));
    EXPECT_THAT(in("yaml"), StartsWith("name: "));
    EXPECT_EQ(in("name"),
              JsonOf({"describe", thing[0], thing[1]})["name"].get<std::string>() + "\n");
  }
  EXPECT_THAT(Expect(0, {"describe", "run", run, run, "-o", "yaml"}), HasSubstr("\n---\nname: "));
  EXPECT_EQ(Expect(0, {"describe", "run", run, run, "-q"}), run + "\n" + run + "\n");
  EXPECT_THAT(Expect(0, {"describe", "run", run, run, "-o", "csv"}),
              AllOf(HasSubstr("runs.0.name,"), HasSubstr("runs.1.name,")));
}

TEST_F(MlctlOutputsTest, WhatWasLoggedIsPrintedWhereAFormatIsAskedFor) {
  const std::string run = Id({"run", "start"});
  Expect(0, {"put", "dataset", "dd", Write("data.csv", "a,b\n1,2\n")});
  for (const char* flag : {"--dry-run", "--no-headers"}) {
    const Json params = JsonOf({"log", "param", run, "k=4", "--no-headers"});
    EXPECT_EQ(params["name"], "experiments/0/runs/" + run);
    EXPECT_EQ(params["uid"], run);
    EXPECT_EQ(params["params"], Json({{"k", "4"}}));
    EXPECT_EQ(JsonOf({"log", "tag", run, "team=crm", "--no-headers"})["tags"]["team"], "crm");
    const Json metrics = JsonOf({"log", "metric", run, "loss=1", "silhouette=2", "--no-headers"});
    EXPECT_EQ(metrics["metrics"][0], Json({{"key", "loss"}, {"pointCount", "1"}}));
    EXPECT_EQ(metrics["metrics"].size(), 2u);
    EXPECT_EQ(JsonOf({"log", "input", run, "dataset:dd@1"})["inputs"][0]["datasetVersion"],
              "datasets/dd/versions/1");
    EXPECT_THAT(Expect(0, {"log", "param", run, "k=4", "-o", "yaml", flag}), HasSubstr("k: \"4\""));
    EXPECT_THAT(Expect(0, {"log", "param", run, "k=4", "-o", "csv", flag}),
                HasSubstr("params.k,4\r\n"));
  }
  EXPECT_EQ(Expect(0, {"log", "param", run, "k=4"}), "");
  EXPECT_EQ(Expect(0, {"log", "param", run, "k=4", "-q"}), run + "\n");
}

}  // namespace
}  // namespace cairn
