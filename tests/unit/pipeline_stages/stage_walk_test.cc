#include "pipeline/stages/stage_walk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_stages/recording_publisher.h"
#include "tests/unit/pipeline_stages/test_pipeline.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;

namespace fs = std::filesystem;

using Actions = std::map<std::string, std::string>;

// Of a server that has this champion, or none.
ChampionFinder Finder(std::optional<Champion> champion = std::nullopt) {
  return [champion](const std::string&) { return champion; };
}

Actions Planned(const RunRequest& request, const ChampionFinder& find) {
  Actions actions;
  const auto plan = PlanPipeline(request, find);
  EXPECT_THAT(plan, IsOk());
  for (const PlanLine& line : plan->stages) {
    if (line.action != "skip") actions[std::string(line.stage->name)] = line.action;
  }
  return actions;
}

Actions Done(const RunRequest& request, Publisher* publisher = nullptr) {
  Actions actions;
  for (const StageRecord& record : RunOrDie(request, publisher).stages) {
    actions[record.name] = record.cached ? "cached" : "run";
  }
  return actions;
}

TEST(StageTableTest, AnEntryStandsForStagesUpToItsOwn) {
  for (const StageInfo& stage : StageGraph()) {
    const auto first = StageIndex(KeptFrom(stage));
    ASSERT_THAT(first, IsOk()) << stage.name;
    EXPECT_LE(*first, *StageIndex(stage.name));
    EXPECT_TRUE(stage.work.compute) << stage.name;
    EXPECT_EQ(stage.work.encode != nullptr, !stage.work.forms.empty()) << stage.name;
  }
}

// A run that is finished, of which every test takes a copy and damages that.
class StageWalkTest : public ::testing::Test {
 protected:
  StageWalkTest() : request_(SmallRequest(folder_, 8)) {
    request_.config.sweep.grid.k = {3};
    request_.out = folder_ / "whole";
    RunOrDie(request_);
  }

  // What a run can begin from, relative to --out.
  std::vector<std::string> Kept() const {
    std::vector<std::string> names = {"transactions.csv", "rejects.csv"};
    for (const auto& entry : fs::directory_iterator(request_.out + "/.cache")) {
      names.push_back(".cache/" + entry.path().filename().string());
    }
    return names;
  }

  RunRequest Copy() const {
    RunRequest copy = request_;
    copy.out = folder_ / "copy";
    fs::remove_all(copy.out);
    fs::copy(request_.out, copy.out, fs::copy_options::recursive);
    return copy;
  }

  const ScratchFolder folder_;
  RunRequest request_;
};

// Kind of fault: two pieces of code decide the same thing and part when something is missing.
TEST_F(StageWalkTest, ThePlanIsWhatTheRunDoesWhateverIsMissing) {
  for (const std::string& name : Kept()) {
    for (const char* from : {"", "features", "pca"}) {
      SCOPED_TRACE(name + " from " + from);
      RunRequest request = Copy();
      request.from = from;
      ASSERT_TRUE(fs::remove(request.out + "/" + name));
      const Actions planned = Planned(request, nullptr);
      EXPECT_EQ(planned, Done(request));
    }
  }
}

TEST_F(StageWalkTest, ThePlanIsWhatTheRunDoesWhateverIsDamaged) {
  for (const std::string& name : Kept()) {
    SCOPED_TRACE(name);
    const RunRequest request = Copy();
    const std::string path = request.out + "/" + name;
    fs::resize_file(path, fs::file_size(path) - 1);
    const Actions planned = Planned(request, nullptr);
    EXPECT_EQ(planned, Done(request));
  }
}

TEST_F(StageWalkTest, ThePlanIsWhatTheRunDoesForEachStageAloneAndFromIt) {
  for (const StageInfo& stage : StageGraph()) {
    SCOPED_TRACE(stage.name);
    RunRequest request = Copy();
    request.only = std::string(stage.name);
    RecordingPublisher publisher;
    EXPECT_EQ(Planned(request, Finder()), Done(request, &publisher));
    request.from = std::exchange(request.only, "");
    RecordingPublisher another;
    EXPECT_EQ(Planned(request, Finder()), Done(request, &another));
  }
}

TEST_F(StageWalkTest, APlanLeavesTheFolderAsItIs) {
  RunRequest request = request_;
  request.out = folder_ / "nothing";
  Planned(request, nullptr);
  EXPECT_FALSE(fs::exists(request.out));
}

Champion ChampionIn(const std::string& out, const std::string& version) {
  constexpr size_t kMost = size_t{1} << 24;
  return {version, ReadFile(out + "/model.cairnseg", kMost).value(),
          ReadFile(out + "/labels.csv", kMost).value()};
}

// Kind of fault: a plan that takes stages for cached whose segments will get other numbers.
TEST_F(StageWalkTest, ThePlanIsWhatTheRunDoesWithAChampion) {
  const RunRequest request = Copy();
  const Champion champion = ChampionIn(request.out, "models/m/versions/7");
  for (const bool again : {false, true}) {
    SCOPED_TRACE(again ? "again" : "first");
    const Actions planned = Planned(request, Finder(champion));
    EXPECT_EQ(planned.at("pca"), "cached");
    EXPECT_EQ(planned.at("sweep"), again ? "cached" : "run");
    RecordingPublisher publisher;
    publisher.champion = champion;
    EXPECT_EQ(planned, Done(request, &publisher));
  }
  // Another one numbers anew.
  Champion next = champion;
  next.version = "models/m/versions/8";
  EXPECT_EQ(Planned(request, Finder(next)).at("sweep"), "run");
}

TEST_F(StageWalkTest, ThePlanAsksForTheChampionOfTheSweepThatTheRunBegins) {
  std::vector<std::string> asked;
  const auto plan = PlanPipeline(
      request_, [&asked](const std::string& key) -> absl::StatusOr<std::optional<Champion>> {
        asked.push_back(key);
        return std::nullopt;
      });
  ASSERT_THAT(plan, IsOk());
  EXPECT_EQ(plan->follows, "");
  RecordingPublisher publisher;
  RunOrDie(Copy(), &publisher);
  EXPECT_EQ(asked, publisher.sweep_keys);
}

TEST_F(StageWalkTest, AServerThatIsAwayIsNoPlanWithoutAChampion) {
  const auto plan =
      PlanPipeline(request_, [](const std::string&) -> absl::StatusOr<std::optional<Champion>> {
        return absl::UnavailableError("nobody answers");
      });
  EXPECT_EQ(plan.status().code(), absl::StatusCode::kUnavailable);
}

// Kind of fault: training is repeated although its measured runs are kept.
TEST_F(StageWalkTest, AnEntryOfALaterStageStandsForTheOneBefore) {
  const RunRequest request = Copy();
  for (const std::string& name : Kept()) {
    if (name.starts_with(".cache/sweep-") || name.starts_with(".cache/scale-"))
      fs::remove(request.out + "/" + name);
  }
  const Actions done = Done(request);
  for (const char* stage : {"scale", "pca", "sweep", "evaluate"}) {
    EXPECT_EQ(done.at(stage), "cached") << stage;
  }
}

// Kind of fault: what was computed is handed over, and handed over again as what was kept.
TEST_F(StageWalkTest, ThePublisherGetsEverythingOnceAndInOrderWhereverARunBegins) {
  for (const char* from : {"load", "features", "pca", "evaluate", "select", ""}) {
    SCOPED_TRACE(from);
    RunRequest request = Copy();
    request.from = from;
    RecordingPublisher publisher;
    RunOrDie(request, &publisher);
    ASSERT_EQ(publisher.datasets.size(), static_cast<size_t>(kDatasetRoles));
    for (size_t i = 0; i < publisher.datasets.size(); ++i) {
      EXPECT_EQ(static_cast<size_t>(publisher.datasets[i].role), i);
    }
    ASSERT_EQ(publisher.runs.size(), publisher.count);
    for (size_t i = 0; i < publisher.runs.size(); ++i) EXPECT_EQ(publisher.runs[i].index, i);
  }
}

// Kind of fault: a file that somebody edited is published as the cleaned table.
TEST_F(StageWalkTest, TransactionsThatWereChangedStandForNothing) {
  const RunRequest request = Copy();
  const std::string path = request.out + "/transactions.csv";
  const std::string whole = ReadFile(path).value();
  std::string changed = whole;
  changed.back() = ' ';
  ASSERT_THAT(WriteFileAtomically(path, changed), IsOk());
  RunOrDie(request);
  EXPECT_TRUE(ReadFile(path).value() == whole);  // A difference of so many lines is not shown.
}

}  // namespace
}  // namespace cairn::pipeline
