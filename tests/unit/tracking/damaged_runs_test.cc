// A damaged record takes its run out of searches and nothing else: starts, searches by
// every path, pages and lists go on, and the run itself says DATA_LOSS.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "server/storage/keyspace.h"
#include "server/storage/memory_store.h"
#include "server/tracking/experiments.h"
#include "server/tracking/merge_records.h"
#include "server/tracking/run_logging.h"
#include "server/tracking/run_search.h"
#include "server/tracking/run_searcher.h"
#include "server/tracking/runs.h"
#include "tests/testing/status_matchers.h"

namespace cairn::tracking {
namespace {

using testing::IsOk;

constexpr int64_t kDamageTime = 1'700'000'000 * kNanosPerSecond;
const std::string kUnreadable = "\x0a\xff no message";

// Eight runs with a parameter, a tag and a metric each. The run of digit 3 is the one
// that gets damaged.
class DamagedRunsTest : public ::testing::TestWithParam<const char*> {
 protected:
  DamagedRunsTest() : store_(storage::MakeMemoryStore(MergeRecords)) {
    EXPECT_THAT(EnsureDefaultExperiment(*store_, kDamageTime), IsOk());
    for (char digit = '0'; digit < '8'; ++digit) Create(IdOf(digit));
  }
  ~DamagedRunsTest() override { searcher_.reset(); }

  static std::string IdOf(char digit) { return std::string(31, 'a') + digit; }
  static std::string NameOf(char digit) { return "experiments/0/runs/" + IdOf(digit); }

  void Apply(absl::StatusOr<storage::Plan> plan) {
    ASSERT_THAT(plan, IsOk());
    ASSERT_THAT(store_->CommitAndWait(std::move(plan->write_set)), IsOk());
  }

  void Create(const std::string& id) {
    v1::CreateRunRequest request;
    request.set_parent("experiments/0");
    request.set_run_id(id);
    (*request.mutable_run()->mutable_params())["p"] = "1";
    (*request.mutable_run()->mutable_tags())["t"] = "1";
    Apply(PlanCreateRun(*store_->GetSnapshot(), request, {kDamageTime, id}));
    Log("experiments/0/runs/" + id, 1);
  }

  void Log(const std::string& run, double value) {
    v1::LogBatchRequest request;
    request.set_run(run);
    auto* columns = request.add_metrics();
    columns->set_key("m");
    columns->add_steps(1);
    columns->add_times_unix_millis(1);
    columns->add_values(value);
    Apply(PlanLogBatch(*store_->GetSnapshot(), request, {kDamageTime, IdOf('f')}));
  }

  static storage::Key KeyOf(const std::string& kind) {
    if (kind == "run") return storage::RunKey(IdOf('3'));
    if (kind == "param") return storage::RunParamKey(IdOf('3'), "p");
    if (kind == "tag") return storage::RunTagKey(IdOf('3'), "t");
    return storage::RunMetricKey(IdOf('3'), "m");
  }

  // With the event of another commit on the run, if `told`, as when it was damaged by
  // something that the server did itself.
  void Damage(const std::string& kind, bool told) {
    storage::WriteSet set;
    set.PutRecord(KeyOf(kind), kUnreadable);
    if (told) set.Emit(NameOf('3'), cairn::v1::Event::RUN_LOGGED);
    ASSERT_THAT(store_->CommitAndWait(std::move(set)), IsOk());
  }

  void Start(size_t max_column_bytes = size_t{1} << 30) {
    RunSearcherOptions options;
    options.index.max_column_bytes = max_column_bytes;
    options.tick_nanos = 0;
    options.max_cached_run_bytes = 0;
    searcher_ = std::make_unique<RunSearcher>(*store_, options);
    const absl::Status loaded = searcher_->Load();
    ASSERT_THAT(loaded, IsOk());
  }

  static v1::SearchRunsRequest Request(const std::string& filter, int page_size) {
    v1::SearchRunsRequest request;
    request.set_filter(filter);
    request.set_order_by("uid");
    request.set_page_size(page_size);
    return request;
  }

  // The last digits of the runs on all pages. `encoded`: of pages of whole runs.
  std::string Found(const std::string& filter, bool encoded = false, int page_size = 3) {
    v1::SearchRunsRequest request = Request(filter, page_size);
    if (!encoded) request.mutable_read_mask()->add_paths("params.p");
    std::string found;
    do {
      v1::SearchRunsResponse page;
      const auto bytes = searcher_->SearchEncoded(request);
      EXPECT_THAT(bytes, IsOk());
      if (!bytes.ok() || !page.ParseFromString(*bytes)) return "failed";
      for (const v1::Run& run : page.runs()) found += run.name().back();
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return found;
  }

  int64_t Count(const std::string& filter) {
    v1::CountRunsRequest request;
    request.set_filter(filter);
    const auto count = searcher_->Count(request);
    EXPECT_THAT(count, IsOk());
    return count.ok() ? count->run_count() : -1;
  }

  absl::Status Get(char digit) { return searcher_->Get(NameOf(digit)).status(); }

  std::unique_ptr<storage::KvStore> store_;
  std::unique_ptr<RunSearcher> searcher_;
};

TEST_P(DamagedRunsTest, AStartLeavesTheRunOutAndFindsEveryOther) {
  Damage(GetParam(), false);
  Start();
  EXPECT_EQ(Found(""), "0124567");
  EXPECT_EQ(Found("metrics.m = 1 AND params.p = 1 AND tags.t = 1", true), "0124567");
  EXPECT_EQ(Count(""), 7);
  EXPECT_EQ(searcher_->damaged_count(), 1u);
  EXPECT_TRUE(HasReason(Get('3'), ErrorReason::RECORD_CORRUPT));
  EXPECT_THAT(Get('4'), IsOk());
}

TEST_P(DamagedRunsTest, AnIndexThatFollowsKeepsTheRunAsItWasAndGoesOn) {
  Start();
  Damage(GetParam(), true);
  Log(NameOf('5'), 7);
  EXPECT_EQ(Found("metrics.m = 7"), "5");
  EXPECT_EQ(Count("metrics.m = 1"), 7);
  EXPECT_EQ(searcher_->damaged_count(), 1u);
  EXPECT_TRUE(HasReason(Get('3'), ErrorReason::RECORD_CORRUPT));
}

TEST_P(DamagedRunsTest, PagesOfWholeRunsStepOverTheRun) {
  Start();
  Damage(GetParam(), false);
  for (const int page_size : {1, 2, 3, 100}) {
    EXPECT_EQ(Found("", true, page_size), "0124567") << page_size;
  }
  EXPECT_EQ(searcher_->damaged_count(), 1u);
  v1::SearchRunsRequest request = Request("", 100);
  const auto messages = searcher_->Search(request);
  ASSERT_THAT(messages, IsOk());
  EXPECT_EQ(messages->runs_size(), 7);
}

TEST_P(DamagedRunsTest, ASearchInTheStoreStepsOverTheRun) {
  Start(1);  // every column of a key is over the budget
  Damage(GetParam(), false);
  EXPECT_EQ(Found("metrics.m = 1"), "0124567");
  EXPECT_EQ(Found("metrics.m = 1", true, 2), "0124567");
  EXPECT_EQ(Count("params.p = 1"), 7);
  EXPECT_EQ(searcher_->damaged_count(), 1u);
}

TEST_P(DamagedRunsTest, AListOfRunsStepsOverTheRun) {
  Start();
  Damage(GetParam(), false);
  v1::ListRunsRequest request;
  request.set_parent("experiments/0");
  request.set_page_size(2);
  std::string found;
  do {
    const auto page = ListRuns(*store_->GetSnapshot(), request, &searcher_->damage());
    ASSERT_THAT(page, IsOk());
    for (const v1::Run& run : page->runs()) found += run.name().back();
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(found, "0124567");
  EXPECT_EQ(searcher_->damaged_count(), 1u);
}

TEST_P(DamagedRunsTest, ARunThatIsWrittenAnewIsFoundAgain) {
  const auto whole = store_->GetSnapshot()->Get(KeyOf(GetParam())).value();
  Damage(GetParam(), false);
  Start();
  EXPECT_EQ(Count(""), 7);
  storage::WriteSet repair;
  repair.PutRecord(KeyOf(GetParam()), whole->payload)
      .Emit(NameOf('3'), cairn::v1::Event::RUN_UPDATED);
  ASSERT_THAT(store_->CommitAndWait(std::move(repair)), IsOk());
  EXPECT_EQ(Found("metrics.m = 1 AND params.p = 1", true), "01234567");
}

INSTANTIATE_TEST_SUITE_P(Records, DamagedRunsTest,
                         ::testing::Values("run", "param", "tag", "metric"),
                         [](const auto& test) { return std::string(test.param); });

TEST_F(DamagedRunsTest, RunsOfAnExperimentWithADamagedRecordAreFound) {
  storage::WriteSet set;
  set.PutRecord(storage::ExperimentKey(0), kUnreadable)
      .Emit("experiments/0", cairn::v1::Event::EXPERIMENT_UPDATED);
  ASSERT_THAT(store_->CommitAndWait(std::move(set)), IsOk());
  Start();
  EXPECT_EQ(Found("metrics.m = 1"), "01234567");
  EXPECT_EQ(searcher_->damaged_count(), 1u);
  Start(1);
  EXPECT_EQ(Found("metrics.m = 1"), "01234567");
  const auto listed = ListExperiments(*store_->GetSnapshot(), {});
  ASSERT_THAT(listed, IsOk());
  EXPECT_EQ(listed->experiments_size(), 0);
}

}  // namespace
}  // namespace cairn::tracking
