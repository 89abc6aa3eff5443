// RunIndex against brute force: core::RunFilter::Matches and core::RunOrder over
// plain runs, for random runs, changes, filters, orders and pages, by every plan.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/core/order_by.h"
#include "server/core/run_filter.h"
#include "server/index/run_index.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/index/random_runs.h"

namespace cairn::index {
namespace {

using testing::IsOk;

constexpr size_t kExperiments = 4;

// How many queries in all; nightly runs set the variable to 1,000,000.
size_t QueryCount() {
  const char* text = std::getenv("CAIRN_DIFFERENTIAL_QUERIES");
  return text == nullptr ? 12'000 : static_cast<size_t>(std::strtoull(text, nullptr, 10));
}

struct OracleRun {
  int64_t experiment_id = 0;
  cairn::v1::Run run;
};

// The same runs twice: in an index and as plain values.
class World {
 public:
  World(uint64_t seed, size_t runs) : random_(seed) {
    std::vector<ExperimentChange> experiments;
    for (size_t i = 0; i < kExperiments; ++i) {
      live_[static_cast<int64_t>(i)] = true;
      experiments.push_back({static_cast<int64_t>(i), true});
    }
    std::vector<RunChange> changes;
    for (size_t i = 0; i < runs; ++i) changes.push_back(Upsert(random_.Uid()));
    EXPECT_THAT(index_.Apply(++revision_, changes, experiments), IsOk());
  }

  void ChangeSomething() {
    std::vector<RunChange> changes;
    std::vector<ExperimentChange> experiments;
    const size_t count = 1 + random_.Below(4);
    for (size_t i = 0; i < count; ++i) changes.push_back(Change());
    if (random_.OneIn(8)) {
      const auto id = static_cast<int64_t>(random_.Below(kExperiments));
      live_[id] = !live_[id];
      experiments.push_back({id, live_[id]});
    }
    EXPECT_THAT(index_.Apply(++revision_, changes, experiments), IsOk());
    EXPECT_EQ(index_.revision(), revision_);
  }

  // One random query, page by page, with changes in between. Returns how many
  // pages were compared.
  size_t Query(std::map<SearchPlan, size_t>& plans) {
    const std::string filter_text = random_.OneIn(10) ? "" : random_.Filter(2);
    const std::string order_text = random_.OrderBy();
    SCOPED_TRACE(fmt::format("filter {}\norder {}", filter_text, order_text));
    const auto filter = core::RunFilter::Compile(filter_text);
    const auto order = core::RunOrder::Parse(order_text);
    EXPECT_THAT(filter, IsOk());
    EXPECT_THAT(order, IsOk());
    if (!filter.ok() || !order.ok()) return 1;
    RunQuery query;
    query.filter = &*filter;
    query.order = &*order;
    query.show_deleted = random_.OneIn(3);
    if (random_.OneIn(2)) {
      for (size_t i = 0; i < 1 + random_.Below(2); ++i) {
        query.experiments.push_back(static_cast<int64_t>(random_.Below(kExperiments + 1)));
      }
    }
    query.limit = 1 + random_.Below(12);
    size_t pages = 0;
    for (; pages < 6 && !::testing::Test::HasFailure(); ++pages) {
      query.plan = static_cast<SearchPlan>(random_.Below(3));
      query.count_all = random_.OneIn(3);
      query.skip = random_.OneIn(2) ? 0 : random_.Below(2 + runs_.size());
      if (!ComparePage(query, *order, plans)) return pages + 1;
      if (random_.OneIn(3)) ChangeSomething();
    }
    return pages;
  }

 private:
  using Rows = std::vector<std::pair<std::string, const OracleRun*>>;

  RunChange Upsert(const std::string& uid) {
    OracleRun& stored = runs_[uid];
    stored = {static_cast<int64_t>(random_.Below(kExperiments)), random_.Run(uid)};
    return {RunChange::Kind::kWhole, uid, stored.experiment_id, stored.run};
  }

  RunChange Change() {
    if (runs_.empty() || random_.OneIn(3)) return Upsert(random_.Uid());
    auto it = runs_.begin();
    std::advance(it, static_cast<ptrdiff_t>(random_.Below(std::min<size_t>(runs_.size(), 200))));
    const std::string uid = it->first;
    if (random_.OneIn(3)) {
      runs_.erase(it);
      return {RunChange::Kind::kRemoved, uid, 0, {}};
    }
    if (random_.OneIn(2)) return Upsert(uid);
    RunChange change{RunChange::Kind::kMetrics, uid, 0, {}};
    const auto metric = random_.Metric();
    *change.run.add_metrics() = metric;
    auto* metrics = it->second.run.mutable_metrics();
    const auto old = std::find_if(metrics->begin(), metrics->end(),
                                  [&](const auto& m) { return m.key() == metric.key(); });
    old == metrics->end() ? (void)(*metrics->Add() = metric) : (void)(*old = metric);
    return change;
  }

  // The matching runs after the query's position, in order, and how many there
  // are without regard to the position.
  Rows BruteForce(const RunQuery& query, const core::RunOrder& order, size_t* all) const {
    Rows rows;
    *all = 0;
    for (const auto& [uid, stored] : runs_) {
      const bool within = query.experiments.empty()
                              ? live_.at(stored.experiment_id)
                              : std::count(query.experiments.begin(), query.experiments.end(),
                                           stored.experiment_id) > 0;
      if (!within || (stored.run.has_delete_time() && !query.show_deleted)) continue;
      if (!query.filter->Matches(stored.run)) continue;
      ++*all;
      std::string key = order.SortKey(stored.run);
      if (key > query.after) rows.emplace_back(std::move(key), &stored);
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  // Compares one page and moves the query to the next; false at the end.
  bool ComparePage(RunQuery& query, const core::RunOrder& order,
                   std::map<SearchPlan, size_t>& plans) {
    size_t all = 0;
    Rows expected = BruteForce(query, order, &all);
    expected.erase(expected.begin(), expected.begin() + static_cast<ptrdiff_t>(
                                                            std::min(query.skip, expected.size())));
    const auto page = index_.Search(query);
    EXPECT_THAT(page, IsOk());
    if (!page.ok()) return false;
    ++plans[page->plan];
    EXPECT_EQ(page->hits.size(), std::min(query.limit, expected.size()));
    EXPECT_EQ(page->more, expected.size() > query.limit);
    EXPECT_EQ(page->total, query.count_all ? static_cast<int64_t>(all) : 0);
    EXPECT_EQ(page->revision, revision_);
    for (size_t i = 0; i < page->hits.size() && i < expected.size(); ++i) {
      EXPECT_EQ(page->hits[i].run_id, expected[i].second->run.uid());
      EXPECT_EQ(page->hits[i].experiment_id, expected[i].second->experiment_id);
      EXPECT_EQ(page->hits[i].sort_key, expected[i].first);
    }
    if (random_.OneIn(4)) {
      EXPECT_EQ(index_.Count(query).count, static_cast<int64_t>(all));
    }
    if (!page->more || page->hits.empty()) return false;
    query.after = page->hits.back().sort_key;
    return true;
  }

  RandomRuns random_;
  RunIndex index_;
  storage::Revision revision_ = 0;
  std::map<std::string, OracleRun> runs_;
  std::map<int64_t, bool> live_;
};

// Queries worlds of `runs` runs, a hundred times each, until `pages` are compared.
void Compare(size_t runs, size_t pages, std::map<SearchPlan, size_t>& plans) {
  std::random_device device;
  size_t compared = 0;
  while (compared < pages && !::testing::Test::HasFailure()) {
    const uint64_t seed = uint64_t{device()} << 32 | device();
    SCOPED_TRACE(fmt::format("seed {} with {} runs", seed, runs));
    World world(seed, runs);
    for (int i = 0; i < 100 && compared < pages && !::testing::Test::HasFailure(); ++i) {
      compared += world.Query(plans);
      if (i % 2 == 0) world.ChangeSomething();
    }
  }
}

TEST(Differential, SmallWorldsAgreeWithBruteForceByEveryPlan) {
  std::map<SearchPlan, size_t> plans;
  Compare(3, QueryCount() / 10, plans);
  Compare(60, QueryCount(), plans);
  EXPECT_GT(plans[SearchPlan::kScan], 0u);
  EXPECT_GT(plans[SearchPlan::kWalk], 0u);
}

TEST(Differential, WorldsOfSeveralChunksAgreeWithBruteForceByEveryPlan) {
  std::map<SearchPlan, size_t> plans;
  Compare(700, QueryCount() / 20, plans);
  Compare(9'000, QueryCount() / 200, plans);
  EXPECT_GT(plans[SearchPlan::kScan], 0u);
  EXPECT_GT(plans[SearchPlan::kWalk], 0u);
}

}  // namespace
}  // namespace cairn::index
