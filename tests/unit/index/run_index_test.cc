#include "server/index/run_index.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn::index {
namespace {

using testing::IsOk;

std::string IdOf(int number) { return fmt::format("{:032x}", number); }

RunChange RunOf(int number, double metric, const std::string& param) {
  RunChange change{RunChange::Kind::kWhole, IdOf(number), 1, {}};
  change.run.set_uid(change.run_id);
  (*change.run.mutable_params())["p"] = param;
  auto* summary = change.run.add_metrics();
  summary->set_key("m");
  summary->mutable_latest()->set_value(metric);
  summary->set_min(metric);
  summary->set_max(metric);
  return change;
}

// An index with runs 0 … n-1 of experiment 1; run i has metric m = i and
// parameter p = i mod 10.
void FillWith(RunIndex& index, int n) {
  std::vector<RunChange> changes;
  for (int i = 0; i < n; ++i) changes.push_back(RunOf(i, i, std::to_string(i % 10)));
  ASSERT_THAT(index.Apply(1, changes, {{1, true}}), IsOk());
}

struct Search {
  Search(const std::string& filter_text, const std::string& order_text)
      : filter(core::RunFilter::Compile(filter_text).value()),
        order(core::RunOrder::Parse(order_text).value()) {
    query.filter = &filter;
    query.order = &order;
  }
  core::RunFilter filter;
  core::RunOrder order;
  RunQuery query;
};

TEST(RunIndex, AnEmptyIndexFindsNothing) {
  RunIndex index;
  Search search("params.p = 1", "metrics.m");
  const auto page = index.Search(search.query);
  ASSERT_THAT(page, IsOk());
  EXPECT_TRUE(page->hits.empty());
  EXPECT_FALSE(page->more);
  EXPECT_EQ(index.Count(search.query).count, 0);
}

// Every run once, in order, whether pages come by token or by number, by every plan.
TEST(RunIndex, PagesByNumberPutTogetherAreTheWholeSearch) {
  RunIndex index;
  FillWith(index, 2'000);
  for (const char* order : {"", "metrics.m desc", "params.p, metrics.m desc", "params.none"}) {
    Search search("params.p != 3", order);
    search.query.limit = 10'000;
    const auto whole = index.Search(search.query);
    ASSERT_THAT(whole, IsOk());
    ASSERT_EQ(whole->hits.size(), 1'800u);
    search.query.limit = 70;
    search.query.count_all = true;
    for (size_t page_number = 0; page_number < 27; ++page_number) {
      search.query.skip = page_number * 70;
      search.query.plan = static_cast<SearchPlan>(page_number % 3);
      const auto page = index.Search(search.query);
      ASSERT_THAT(page, IsOk());
      EXPECT_EQ(page->total, 1'800);
      EXPECT_EQ(page->more, page_number < 25);
      ASSERT_EQ(page->hits.size(), page_number < 25 ? 70u : page_number == 25 ? 50u : 0u);
      for (size_t i = 0; i < page->hits.size(); ++i) {
        ASSERT_EQ(page->hits[i].run_id, whole->hits[search.query.skip + i].run_id);
      }
    }
  }
}

// As many as fit in a number are no reason to keep as many.
TEST(RunIndex, ASkipBeyondTheEndFindsNothing) {
  RunIndex index;
  FillWith(index, 20);
  Search search("", "metrics.m");
  for (const size_t skip : {size_t{20}, size_t{1} << 62, ~size_t{0} >> 1}) {
    search.query.skip = skip;
    for (const SearchPlan plan : {SearchPlan::kChoose, SearchPlan::kScan, SearchPlan::kWalk}) {
      search.query.plan = plan;
      const auto page = index.Search(search.query);
      ASSERT_THAT(page, IsOk());
      EXPECT_TRUE(page->hits.empty());
      EXPECT_FALSE(page->more);
    }
  }
}

TEST(RunIndex, PagesFollowEachOtherAndEnd) {
  RunIndex index;
  FillWith(index, 25);
  Search search("params.p < 5", "metrics.m desc");
  search.query.limit = 6;
  std::string found;
  bool more = true;
  while (more) {
    const auto page = index.Search(search.query);
    ASSERT_THAT(page, IsOk());
    for (const RunHit& hit : page->hits) found += hit.run_id.substr(30) + " ";
    search.query.after = page->hits.back().sort_key;
    more = page->more;
  }
  EXPECT_EQ(found, "18 17 16 15 14 0e 0d 0c 0b 0a 04 03 02 01 00 ");
  EXPECT_EQ(index.Count(search.query).count, 15);
}

TEST(RunIndex, ALargeDenseSearchWalksOnceTheOrderIsAskedForAgain) {
  RunIndex index;
  FillWith(index, 20'000);
  Search search("params.p >= 5", "metrics.m desc");
  search.query.limit = 10;
  EXPECT_EQ(index.Search(search.query)->plan, SearchPlan::kScan);
  Search other("params.p >= 3", "metrics.m desc");
  other.query.limit = 10;
  (void)index.Search(other.query);
  Search third("metrics.m >= 100", "metrics.m desc");
  third.query.limit = 10;
  const auto page = index.Search(third.query);
  EXPECT_EQ(page->plan, SearchPlan::kWalk);
  EXPECT_EQ(page->hits.front().run_id, IdOf(19'999));
}

// The plan of a search by a metric, asked for the second time, for the runs among 50,000
// that `matches` says have "rare" in a parameter that no two runs share.
template <typename Matches>
RunPage SearchByText(Matches&& matches) {
  RunIndex index;
  std::vector<RunChange> changes;
  for (int i = 0; i < 50'000; ++i) {
    changes.push_back(RunOf(i, i, fmt::format("{}-{}", matches(i) ? "rare" : "plain", i)));
  }
  EXPECT_THAT(index.Apply(1, changes, {{1, true}}), IsOk());
  Search warm("metrics.m >= 1", "metrics.m desc");
  (void)index.Search(warm.query);
  Search search("params.p = \"*rare*\"", "metrics.m desc");
  search.query.limit = 3;
  return index.Search(search.query).value();
}

TEST(RunIndex, ATextThatTheSampleLacksIsStillLookedForAlongTheOrder) {
  // One run in 500: half of all samples have none, and comparing each text costs more
  // than going along the order until enough are found.
  const RunPage page = SearchByText([](int i) { return i % 500 == 499; });
  EXPECT_EQ(page.plan, SearchPlan::kWalk);
  ASSERT_EQ(page.hits.size(), 3u);
  EXPECT_EQ(page.hits.front().run_id, IdOf(49'999));
}

TEST(RunIndex, AWalkForATextThatNoRunHasEndsSoon) {
  const RunPage page = SearchByText([](int) { return false; });
  EXPECT_EQ(page.plan, SearchPlan::kScan);
  EXPECT_TRUE(page.hits.empty());
}

TEST(RunIndex, AWalkThatFindsTooLittleBecomesAScan) {
  // Half of the runs match, but all of them at the far end of the order.
  RunIndex index;
  FillWith(index, 20'000);
  Search warm("metrics.m >= 1", "metrics.m desc");
  (void)index.Search(warm.query);
  (void)index.Search(warm.query);
  Search search("metrics.m < 10000", "metrics.m desc");
  search.query.limit = 10;
  const auto page = index.Search(search.query);
  EXPECT_EQ(page->plan, SearchPlan::kScan);
  EXPECT_EQ(page->hits.front().run_id, IdOf(9'999));
}

TEST(RunIndex, AColumnOverTheBudgetIsDroppedAndSaysSo) {
  RunIndex index({.max_column_bytes = 100'000});
  FillWith(index, 5'000);
  Search by_metric("metrics.m > 3", "");
  EXPECT_EQ(index.Search(by_metric.query)->plan, SearchPlan::kNotIndexed);
  EXPECT_EQ(index.Count(by_metric.query).plan, SearchPlan::kNotIndexed);
  Search ordered("", "metrics_min.m");
  EXPECT_EQ(index.Search(ordered.query)->plan, SearchPlan::kNotIndexed);
  Search by_state("NOT state = RUNNING", "");
  EXPECT_EQ(index.Count(by_state.query).count, 5'000);
}

TEST(RunIndex, RefusesAPositionOfAnotherOrder) {
  RunIndex index;
  FillWith(index, 3);
  Search search("", "metrics.m, params.p");
  for (const std::string& after :
       {std::string("x"), std::string("\x01\x02"), std::string(40, '\4')}) {
    search.query.after = after;
    EXPECT_TRUE(HasReason(index.Search(search.query).status(), ErrorReason::PAGE_TOKEN_INVALID));
  }
}

TEST(RunIndex, AppliesTheSameTwiceAndIgnoresAnOlderRevision) {
  RunIndex index;
  FillWith(index, 3);
  ASSERT_THAT(index.Apply(5, {RunOf(7, 7, "x")}), IsOk());
  ASSERT_THAT(index.Apply(5, {RunOf(7, 7, "x")}), IsOk());
  ASSERT_THAT(index.Apply(4, {RunOf(8, 8, "x")}), IsOk());
  EXPECT_EQ(index.revision(), 5);
  Search search("params.p = x", "");
  EXPECT_EQ(index.Count(search.query).count, 1);
}

TEST(RunIndex, RefusesAnIdThatIsNoneAndAppliesTheRest) {
  RunIndex index;
  RunChange wrong = RunOf(1, 1, "x");
  wrong.run_id = "short";
  EXPECT_TRUE(
      HasReason(index.Apply(1, {wrong, RunOf(2, 2, "x")}, {{1, true}}), ErrorReason::NAME_INVALID));
  Search search("", "");
  EXPECT_EQ(index.Count(search.query).count, 1);
}

TEST(RunIndex, ARememberedBitmapFollowsChanges) {
  RunIndex index;
  FillWith(index, 5'000);
  Search search("params.p = 3", "");
  EXPECT_EQ(index.Count(search.query).count, 500);
  ASSERT_THAT(index.Apply(2, {RunOf(3, 3, "4"), RunOf(6'000, 1, "3"), RunOf(6'001, 1, "3")}),
              IsOk());
  EXPECT_EQ(index.Count(search.query).count, 501);
  ASSERT_THAT(index.Apply(3, {{RunChange::Kind::kRemoved, IdOf(13), 0, {}}}), IsOk());
  EXPECT_EQ(index.Count(search.query).count, 500);
}

TEST(RunIndex, SearchesWhileChangesAreMadeAlwaysShowWholeCommits) {
  // Each commit moves every run from one value to the next.
  RunIndex index;
  constexpr int kRuns = 200;
  const auto all = [](const std::string& value) {
    std::vector<RunChange> changes;
    for (int i = 0; i < kRuns; ++i) changes.push_back(RunOf(i, i, value));
    return changes;
  };
  ASSERT_THAT(index.Apply(1, all("0"), {{1, true}}), IsOk());
  std::atomic<bool> stop{false};
  std::atomic<int> torn{0};
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&] {
      while (!stop) {
        Search search("params.p = 1", "metrics.m");
        const int64_t count = index.Count(search.query).count;
        if (count != 0 && count != kRuns) ++torn;
      }
    });
  }
  for (int i = 2; i < 60; ++i) {
    EXPECT_THAT(index.Apply(i, all(std::to_string(i % 2))), IsOk());
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(torn, 0);
}

}  // namespace
}  // namespace cairn::index
