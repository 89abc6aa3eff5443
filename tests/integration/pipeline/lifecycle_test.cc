// The life of a model after its first training, by the real programs against a real server.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "lib/base/files.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::ProgramPath;
using testing::ProgramResult;
using testing::RunProgram;
using testing::ServerProcess;
using testing::TempFolder;

constexpr size_t kMaxBytes = size_t{1} << 28;

class LifecycleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const ProgramResult made = RunProgram({ProgramPath("cairn-pipeline"), "generate", "--customers",
                                           "400", "--seed", "5", "--out", folder_ / "data.csv"});
    ASSERT_EQ(made.exit_code, 0) << made.output;
    ASSERT_TRUE(server_.Start());
  }

  ProgramResult Pipeline(std::vector<std::string> words, bool with_server = true) {
    words.insert(words.begin(), ProgramPath("cairn-pipeline"));
    if (with_server) {
      words.push_back("--server");
      words.push_back(server_.grpc_address());
    }
    return RunProgram(words);
  }

  std::string Text(const std::string& path) {
    const auto text = ReadFile(path, kMaxBytes);
    EXPECT_THAT(text, IsOk());
    return text.ok() ? *text : std::string();
  }

  // The transactions with `change` made to each line of `month`; an empty line is left out.
  void Damage(const std::string& month, const std::string& out,
              const std::function<std::string(std::vector<std::string>, int)>& change) {
    std::istringstream lines(Text(folder_ / "data.csv"));
    std::string text;
    std::string line;
    int number = 0;
    while (std::getline(lines, line)) {
      if (line.find("," + month + "-") != std::string::npos) {
        std::vector<std::string> fields;
        std::istringstream in(line);
        for (std::string field; std::getline(in, field, ',');) fields.push_back(field);
        if (fields.size() == 8) line = change(fields, ++number);
      }
      if (!line.empty()) text += line + "\n";
    }
    EXPECT_THAT(WriteFileAtomically(out, text), IsOk());
  }

  static std::string Joined(const std::vector<std::string>& fields) {
    std::string line;
    for (const std::string& field : fields) line += (line.empty() ? "" : ",") + field;
    return line;
  }

  std::map<std::string, nlohmann::json> Backfill(const std::string& data) {
    const ProgramResult result =
        Pipeline({"backfill", "--by", "month", "--data", data, "--out", folder_ / "year"});
    EXPECT_EQ(result.exit_code, 0) << result.output;
    std::map<std::string, nlohmann::json> months;
    for (const auto& month : nlohmann::json::parse(Text(folder_ / "year/backfill.json"))) {
      months[month["month"]] = month;
    }
    return months;
  }

  const TempFolder folder_;
  ServerProcess server_{folder_ / "store"};
};

TEST_F(LifecycleTest, AYearIsReplayedAndABadMonthNeverReachesProduction) {
  Damage("2011-06", folder_ / "bad.csv", [](std::vector<std::string> fields, int) {
    fields[5] = std::to_string(100 * std::stod(fields[5]));
    return Joined(fields);
  });
  const auto months = Backfill(folder_ / "bad.csv");
  ASSERT_EQ(months.size(), 13u);
  for (const auto& [name, month] : months) {
    SCOPED_TRACE(name);
    for (const char* key : {"month", "verdict", "outcome", "drift", "segments", "reasons"}) {
      EXPECT_TRUE(month.contains(key)) << key;
    }
    const std::string outcome = month["outcome"];
    EXPECT_EQ(outcome == "collecting", name < "2011-03");
    EXPECT_EQ(outcome == "held_back", name == "2011-06") << month["reasons"].dump();
    EXPECT_EQ(outcome == "promoted", month["champion"] != month["champion_before"]);
    EXPECT_EQ(month["verdict"] == "PASS", outcome == "promoted" || outcome == "no_change");
  }
  const auto& bad = months.at("2011-06");
  EXPECT_EQ(bad["drift"]["verdict"], "broken");
  EXPECT_THAT(bad["reasons"].dump(), HasSubstr("median_price"));
  EXPECT_EQ(bad["champion"], months.at("2011-05")["champion"]);
  // Every measurement is a run of its own.
  const ProgramResult runs =
      RunProgram({ProgramPath("mlctl"), "--server", server_.grpc_address(), "search", "runs",
                  "--experiment", "customer-segmentation-monitoring", "-o", "name"});
  EXPECT_EQ(std::count(runs.output.begin(), runs.output.end(), '\n'), 13) << runs.output;
}

TEST_F(LifecycleTest, ARunIsReportedRecommendedMeasuredAndRetrained) {
  const ProgramResult first = Pipeline(
      {"retrain", "--data", folder_ / "data.csv", "--out", folder_ / "first", "--name", "first"});
  ASSERT_EQ(first.exit_code, 0) << first.output;
  EXPECT_THAT(first.output, HasSubstr("the shipped policy customer-segments was applied"));
  ASSERT_THAT(first.output, HasSubstr("outcome: promoted"));

  // From the server alone.
  const ProgramResult report =
      Pipeline({"report", "customer-segments", "--out", folder_ / "report.html"});
  EXPECT_EQ(report.exit_code, 0) << report.output;
  EXPECT_THAT(Text(folder_ / "report.html"), HasSubstr("Customer segments"));
  const std::string customers = Text(folder_ / "first/customers.csv");
  const size_t line = customers.find('\n') + 1;
  const std::string customer = customers.substr(line, customers.find(',', line) - line);
  const ProgramResult offers = Pipeline({"recommend", customer});
  EXPECT_EQ(offers.exit_code, 0) << offers.output;
  EXPECT_THAT(offers.output, HasSubstr(customer + ","));
  EXPECT_EQ(Pipeline({"recommend", "nobody"}).exit_code, 3);

  const ProgramResult same =
      Pipeline({"drift", "--current", folder_ / "first/features.csv", "--fail-on", "warning"});
  EXPECT_EQ(same.exit_code, 0) << same.output;
  EXPECT_THAT(same.output, HasSubstr("verdict: stable"));

  // With limits that every table passes.
  const ProgramResult strict = Pipeline(
      {"drift", "--current", folder_ / "first/features.csv", "--fail-on", "warning", "--out",
       folder_ / "strict", "--set", "drift.psi_warning=0", "--set", "drift.ks_warning=0"});
  EXPECT_EQ(strict.exit_code, 1) << strict.output;
  EXPECT_THAT(strict.output, HasSubstr("verdict: warning"));
  const auto record = nlohmann::json::parse(Text(folder_ / "strict/drift.json"));
  EXPECT_EQ(record["limits"]["drift.psi_warning"], 0);
  EXPECT_EQ(record["limits"]["drift.psi_drift"], 0.25);
  const ProgramResult sealed =
      RunProgram({ProgramPath("mlctl"), "--server", server_.grpc_address(), "list", "evaluations",
                  "customer-segments", "-o", "json"});
  EXPECT_THAT(sealed.output, HasSubstr("drift.psi_warning"));

  const ProgramResult idle = Pipeline({"retrain", "--data", folder_ / "data.csv", "--if-drifted"});
  EXPECT_EQ(idle.exit_code, 0) << idle.output;
  EXPECT_THAT(idle.output, HasSubstr("outcome: not_needed"));

  // Trained again on the same data: the same segments, and nothing better to promote.
  const ProgramResult again =
      Pipeline({"retrain", "--data", folder_ / "data.csv", "--out", folder_ / "again"});
  EXPECT_EQ(again.exit_code, 0) << again.output;
  EXPECT_THAT(again.output, HasSubstr("outcome: no_change"));
  EXPECT_EQ(Text(folder_ / "again/customers.csv"), customers);
}

// Kind of fault: a plan that does not know whom the segments will follow.
TEST_F(LifecycleTest, APlanOnAServerWithAChampionIsWhatTheRunDoes) {
  const std::string out = folder_ / "out";
  const ProgramResult first = Pipeline({"retrain", "--data", folder_ / "data.csv", "--out", out});
  ASSERT_THAT(first.output, HasSubstr("outcome: promoted"));
  // The sweep of the champion itself, another one, and that again.
  bool trained = false;
  for (const char* label : {"", "second", "second"}) {
    SCOPED_TRACE(label);
    const std::vector<std::string> flags = {"--data", folder_ / "data.csv", "--out", out};
    std::vector<std::string> plan = {"plan"};
    std::vector<std::string> run = {"run"};
    for (auto* words : {&plan, &run}) {
      words->insert(words->end(), flags.begin(), flags.end());
      if (*label != '\0') words->insert(words->end(), {"--label", label});
    }
    const ProgramResult planned = Pipeline(plan);
    ASSERT_EQ(planned.exit_code, 0) << planned.output;
    EXPECT_EQ(planned.output.find("numbers and names follow models/") != std::string::npos,
              *label != '\0');
    const ProgramResult done = Pipeline(run);
    ASSERT_EQ(done.exit_code, 0) << done.output;
    const auto stages = nlohmann::json::parse(Text(out + "/stages.json"));
    ASSERT_EQ(stages.size(), 19u);
    for (const auto& stage : stages) {
      const std::string name = stage["name"];
      const std::string action = stage["cached"].get<bool>() ? "cached" : "run";
      EXPECT_THAT(planned.output,
                  HasSubstr(fmt::format("\n{:<21}{:<8}{}", name, action,
                                        stage["key"].get<std::string>().substr(0, 12))));
      trained |= name == "sweep" && action == "run";
    }
  }
  EXPECT_TRUE(trained);
  const ProgramResult away = Pipeline(
      {"plan", "--data", folder_ / "data.csv", "--server", "127.0.0.1:1"}, /*with_server=*/false);
  EXPECT_EQ(away.exit_code, 8) << away.output;
}

// Kind of fault: a turn that is taken again after its last step leaves its record twice, or its
// measures twice in one record.
TEST_F(LifecycleTest, ARetrainingThatIsRepeatedAfterItsPromotionLeavesOneRecord) {
  for (int attempt = 1; attempt <= 2; ++attempt) {
    const ProgramResult result =
        Pipeline({"retrain", "--data", folder_ / "data.csv", "--out", folder_ / "out", "--name",
                  "first", "--set", "sweep.k=[3,4]"});
    ASSERT_EQ(result.exit_code, 0) << result.output;
    EXPECT_THAT(result.output,
                HasSubstr(attempt == 1 ? "outcome: promoted" : "outcome: no_change"));
  }
  const ProgramResult records =
      RunProgram({ProgramPath("mlctl"), "--server", server_.grpc_address(), "search", "runs",
                  "--experiment", "customer-segmentation-monitoring", "-o", "json"});
  const auto runs = nlohmann::json::parse(records.output)["runs"];
  ASSERT_EQ(runs.size(), 1u) << records.output;
  ASSERT_FALSE(runs[0]["metrics"].empty());
  for (const auto& metric : runs[0]["metrics"]) EXPECT_EQ(metric["pointCount"], "1") << metric;
}

TEST_F(LifecycleTest, ANewVersionOfADataSetIsAReasonToTrain) {
  std::string watched;
  std::thread watcher([&] {
    watched =
        Pipeline({"schedule", "--watch", "shop-sales", "--turns", "1", "--out", folder_ / "turn"})
            .output;
  });
  // The watch tells what comes after it began, so versions come until one is seen.
  for (int i = 0; i < 100 && !std::filesystem::exists(folder_ / "turn/customers.csv"); ++i) {
    const std::string data = folder_ / fmt::format("sales-{}.csv", i);
    ASSERT_THAT(WriteFileAtomically(
                    data, Text(folder_ / "data.csv") + std::string(static_cast<size_t>(i), '\n')),
                IsOk());
    ASSERT_EQ(Pipeline({"ingest", data, "--dataset", "shop-sales"}).exit_code, 0);
  }
  watcher.join();
  EXPECT_THAT(watched, HasSubstr("outcome: promoted"));
}

TEST_F(LifecycleTest, WhatIsAmbiguousOrMissingIsRefused) {
  EXPECT_EQ(Pipeline({"schedule", "--cron", "@daily"}).exit_code, 2);
  EXPECT_EQ(Pipeline({"schedule", "--cron", "61 * * * *", "--data", "x"}).exit_code, 2);
  EXPECT_EQ(Pipeline({"drift", "--current", folder_ / "data.csv"}).exit_code, 2);
  EXPECT_EQ(Pipeline({"report", "customer-segments"}).exit_code, 3);
  EXPECT_EQ(Pipeline({"retrain", "--data", folder_ / "data.csv"}, false).exit_code, 2);
  const ProgramResult digest =
      Pipeline({"ingest", folder_ / "data.csv", "--sha256", std::string(64, '0')}, false);
  EXPECT_EQ(digest.exit_code, 9) << digest.output;
}

}  // namespace
}  // namespace cairn
