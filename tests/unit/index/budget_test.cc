// What the index takes in memory, when many names are on few runs, and that it stays
// right; and searches that end because nobody waits for them.

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "server/index/column.h"
#include "server/index/run_columns.h"
#include "server/index/run_index.h"
#include "tests/testing/status_matchers.h"

namespace cairn::index {
namespace {

using testing::FailsWith;
using testing::IsOk;

constexpr int kNamesPerChange = 1'000;

std::string BudgetRunId(int run) { return fmt::format("{:032x}", run + 1); }

void AddSummary(RunChange& change, const std::string& key, double value) {
  auto* summary = change.run.add_metrics();
  summary->set_key(key);
  summary->mutable_latest()->set_value(value);
  summary->set_min(value - 1);
  summary->set_max(value);
}

// Metrics "rare0", "rare1", …, each of one of ten runs and with its number as the value,
// beside "shared", which all of `runs` runs have.
class ManyNames {
 public:
  ManyNames(RunIndexOptions options, int runs) : budget_(options.max_column_bytes), index(options) {
    std::vector<RunChange> changes;
    for (int run = 0; run < runs; ++run) {
      changes.push_back({RunChange::Kind::kWhole, BudgetRunId(run), 1, {}});
      AddSummary(changes.back(), "shared", run);
    }
    EXPECT_THAT(index.Apply(1, changes, {{1, true}}), IsOk());
  }

  void Add(int names) {
    for (int name = 0; name < names;) {
      RunChange change{RunChange::Kind::kMetrics, BudgetRunId(name / kNamesPerChange % 10), 0, {}};
      for (int i = 0; i < kNamesPerChange; ++i, ++name) {
        AddSummary(change, fmt::format("rare{}", name), name);
      }
      ASSERT_THAT(index.Apply(index.revision() + 1, {change}), IsOk());
      ASSERT_LE(index.bytes(), budget_) << name;
    }
  }

  RunPage Find(const std::string& filter_text) const {
    const auto filter = core::RunFilter::Compile(filter_text).value();
    RunQuery query;
    query.filter = &filter;
    return index.Search(query).value();
  }

  // True if the index answers for the name, and then rightly.
  bool Answers(int name) const {
    const RunPage page = Find(fmt::format("metrics.rare{0} = {0}", name));
    if (page.plan == SearchPlan::kNotIndexed) return false;
    EXPECT_EQ(page.hits.size(), 1u) << name;
    if (page.hits.size() == 1) {
      EXPECT_EQ(page.hits[0].run_id, BudgetRunId(name / kNamesPerChange % 10));
    }
    EXPECT_TRUE(Find(fmt::format("metrics_min.rare{0} = {0}", name)).hits.empty());
    return true;
  }

 private:
  const size_t budget_;

 public:
  RunIndex index;
};

TEST(Budget, AHundredThousandNamesOnFewRunsFitAndAreFound) {
  ManyNames world({.max_column_bytes = size_t{64} << 20}, 10);
  world.Add(100'000);
  for (int name = 0; name < 100'000; name += 997) EXPECT_TRUE(world.Answers(name)) << name;
  EXPECT_EQ(world.Find("metrics.rare5 = 6").hits.size(), 0u);
}

TEST(Budget, NamesThatFewRunsHaveGoBeforeTheOneThatAllHave) {
  ManyNames world({.max_column_bytes = size_t{8} << 20}, 20'000);
  world.Add(100'000);
  const RunPage shared = world.Find("metrics.shared >= 19999 AND metrics_min.shared = 19998");
  EXPECT_NE(shared.plan, SearchPlan::kNotIndexed);
  EXPECT_EQ(shared.hits.size(), 1u);
  int answered = 0;
  for (int name = 0; name < 100'000; name += 97) answered += world.Answers(name) ? 1 : 0;
  EXPECT_GT(answered, 0);
  EXPECT_LT(answered, 100'000 / 97);
}

TEST(Budget, WhatIsCountedGoesWithTheColumns) {
  const auto fill = [](RunColumns& columns, const std::string& text) {
    std::mt19937_64 random(3);
    for (int i = 0; i < 3'000; ++i) {
      cairn::v1::Run run;
      if (!text.empty()) {
        (*run.mutable_params())[fmt::format("p{}", random() % 300)] = text + std::to_string(i);
        (*run.mutable_tags())[fmt::format("t{}", random() % 3)] = text;
      }
      columns.SetWhole(columns.RowFor({1, static_cast<uint64_t>(i % 2'000)}), 1, run);
    }
  };
  RunColumns with, without;
  fill(with, "a text that takes memory of its own ");
  fill(without, "");
  EXPECT_GT(with.bytes(), without.bytes() + (size_t{1} << 20));
  with.DropUntil(1);
  EXPECT_EQ(with.bytes(), without.bytes());
  EXPECT_TRUE(with.IsDropped(core::RunField::kParam, "p7"));
  EXPECT_FALSE(with.IsDropped(core::RunField::kParam, "other"));
}

TEST(Budget, LongTextsHaveASeventhAndTheColumnsWithTheMostOfThemGo) {
  RunColumns columns;
  const auto set = [&](uint64_t run, const std::string& key, size_t size) {
    const std::string text = std::string(size, 'x') + std::to_string(run);
    columns.SetText(columns.RowFor({1, run}), core::RunField::kTag, key, text);
  };
  for (uint64_t run = 0; run < 500; ++run) {
    set(run, "history", 4'000);
    set(run, "note", 400);
    set(run, "name", 200);
  }
  EXPECT_GE(columns.long_text_bytes(), 500u * 4'400);
  EXPECT_LT(columns.long_text_bytes(), 500u * 4'450);
  columns.DropUntil(size_t{16} << 20);  // all of it fits
  EXPECT_NE(columns.text(core::RunField::kTag, "history"), nullptr);
  columns.DropUntil(size_t{4} << 20);
  EXPECT_TRUE(columns.IsDropped(core::RunField::kTag, "history"));
  EXPECT_NE(columns.text(core::RunField::kTag, "note"), nullptr);
  EXPECT_NE(columns.text(core::RunField::kTag, "name"), nullptr);
  for (uint64_t run = 0; run < 500; ++run) set(run, "note", 100);
  EXPECT_EQ(columns.long_text_bytes(), 0u);
}

TEST(Budget, WhenTooManyNamesWereDroppedEveryNameWithoutAColumnCountsAsDropped) {
  RunColumns columns;
  const Row row = columns.RowFor({1, 1});
  const auto set = [&](const std::string& key) {
    cairn::v1::MetricSummary summary;
    summary.set_key(key);
    columns.SetMetric(row, summary);
  };
  for (int i = 0; i < 5'000; ++i) set(fmt::format("m{}", i));
  columns.DropUntil(1);
  EXPECT_TRUE(columns.IsDropped(core::RunField::kMetricMax, "m7"));
  EXPECT_TRUE(columns.IsDropped(core::RunField::kMetric, "never seen"));
  EXPECT_FALSE(columns.IsDropped(core::RunField::kParam, "never seen"));
  set("never seen");
  EXPECT_EQ(columns.metric("never seen"), nullptr);
}

TEST(SparseColumn, HoldsWhatAMapHolds) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random(seed);
  SparseColumn column;
  std::map<Row, uint64_t> expected;
  for (int i = 0; i < 30'000; ++i) {
    // The first chunk fills up; the others get some 50 words each, far from kMostFew.
    const Row row = static_cast<Row>(random() % 8 != 0 ? random() % 400 : random() % 200'000);
    const uint64_t word = random() % 3 == 0 ? 0 : random() | 1;
    column.Set(row, word);
    word == 0 ? (void)expected.erase(row) : (void)(expected[row] = word);
  }
  EXPECT_EQ(column.CountRows(), expected.size());
  EXPECT_NE(column.Chunk(0).all, nullptr);
  EXPECT_EQ(column.Chunk(30).all, nullptr);
  for (Row row = 0; row < 200'000; ++row) {
    const auto found = expected.find(row);
    ASSERT_EQ(column.Get(row), found == expected.end() ? 0 : found->second) << row;
  }
  const ChunkWords chunk = column.Chunk(30);
  auto next = expected.lower_bound(30 * kChunkRows);
  for (const RowWord* entry = chunk.few_begin; entry != chunk.few_end; ++entry, ++next) {
    EXPECT_EQ(entry->row, next->first);
    EXPECT_EQ(entry->word, next->second);
  }
  EXPECT_EQ(next, expected.lower_bound(31 * kChunkRows));
}

TEST(SparseColumn, OneRowTakesLittleHoweverFarItIs) {
  SparseColumn column;
  column.Set(999'999, 7);
  EXPECT_LT(column.bytes(), 64u);
  column.Set(999'999, 0);
  EXPECT_FALSE(column.Has(ChunkOf(999'999)));
}

// 20,000 runs whose parameter no two share, and a filter that has to compare each text
// with 64 values.
class StoppedSearch : public ::testing::Test {
 protected:
  StoppedSearch() {
    std::vector<RunChange> changes;
    for (int run = 0; run < 20'000; ++run) {
      changes.push_back({RunChange::Kind::kWhole, BudgetRunId(run), 1, {}});
      (*changes.back().run.mutable_params())["p"] = fmt::format("a value of the run {}", run);
    }
    EXPECT_THAT(index_.Apply(1, changes, {{1, true}}), IsOk());
    std::string text = "params.p IN (";
    for (int i = 0; i < 63; ++i) text += fmt::format("\"*none{}*\", ", i);
    filter_ = core::RunFilter::Compile(text + "\"*run 19*\")").value();
    query_.filter = &filter_;
  }

  // Says stop from the `at`th time on.
  void StopAt(int at) {
    query_.stop = [this, at]() -> absl::Status {
      if (++asked_ < at) return absl::OkStatus();
      return Error(absl::StatusCode::kCancelled, ErrorReason::CALL_ENDED, "enough");
    };
  }

  RunIndex index_;
  core::RunFilter filter_;
  RunQuery query_;
  int asked_ = 0;
};

TEST_F(StoppedSearch, EndsWithTheAnswerOfTheCheckAndAsksNoMore) {
  for (const auto plan : {SearchPlan::kChoose, SearchPlan::kScan, SearchPlan::kWalk}) {
    query_.plan = plan;
    asked_ = 0;
    StopAt(3);
    EXPECT_TRUE(HasReason(index_.Search(query_).status(), ErrorReason::CALL_ENDED));
    EXPECT_EQ(asked_, 3);
  }
  asked_ = 0;
  EXPECT_TRUE(HasReason(index_.Count(query_).stopped, ErrorReason::CALL_ENDED));
  EXPECT_EQ(asked_, 3);
}

TEST_F(StoppedSearch, LeavesNothingHalfDoneBehind) {
  StopAt(2);
  EXPECT_THAT(index_.Search(query_), FailsWith(ErrorReason::CALL_ENDED));
  EXPECT_THAT(index_.Count(query_).stopped, FailsWith(ErrorReason::CALL_ENDED));
  query_.stop = nullptr;
  query_.limit = 10'000;
  const int found = 1 + 10 + 100 + 1'000;  // 19, 19x, 19xx, 19xxx
  EXPECT_EQ(index_.Count(query_).count, found);
  EXPECT_EQ(index_.Search(query_)->hits.size(), static_cast<size_t>(found));
}

TEST_F(StoppedSearch, ACheckThatNeverSaysStopChangesNothing) {
  StopAt(1'000'000);
  EXPECT_EQ(index_.Count(query_).count, 1'111);
  EXPECT_GT(asked_, 10);
}

}  // namespace
}  // namespace cairn::index
