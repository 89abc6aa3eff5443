// Searching from memory says what searching the store says, whatever happened since.

#include "server/tracking/run_searcher.h"
#include "server/tracking/field_answers.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include "server/tracking/run_search.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/use_case_fixture.h"

namespace cairn::tracking {
namespace {

using testing::IsOk;

class RunSearcherTest : public UseCaseTest {
 protected:
  RunSearcherTest() {
    for (int i = 0; i < 20; ++i) MakeRun(i);
    searcher_ = std::make_unique<RunSearcher>(*store_);
    EXPECT_THAT(searcher_->Load(), IsOk());
  }

  v1::Run MakeRun(int i) {
    v1::Run run = CreateRun({{"k", std::to_string(i % 5)}, {"init", i % 2 == 0 ? "random" : "++"}});
    if (i % 3 != 0) Log(run.name(), i % 7);
    return run;
  }

  void Log(const std::string& run, double value) {
    v1::LogBatchRequest request;
    request.set_run(run);
    auto* columns = request.add_metrics();
    columns->set_key("silhouette");
    columns->add_steps(++step_);
    columns->add_values(value);
    EXPECT_THAT(Apply<v1::LogBatchResponse>(PlanLogBatch(*Now(), request, Facts())), IsOk());
  }

  void Delete(const std::string& run) {
    v1::DeleteRunRequest request;
    request.set_name(run);
    EXPECT_THAT(Apply<v1::Run>(PlanDeleteRun(*Now(), request, Facts())), IsOk());
  }

  // Every page of both ways to search must be the same, and so must the counts.
  void ExpectSame(const std::string& filter, const std::string& order_by, bool deleted = false,
                  const std::vector<std::string>& mask = {}) {
    SCOPED_TRACE(filter + " | " + order_by);
    ExpectSameCount(filter, deleted);
    v1::SearchRunsRequest request;
    request.mutable_read_mask()->mutable_paths()->Assign(mask.begin(), mask.end());
    request.set_filter(filter);
    request.set_order_by(order_by);
    request.set_page_size(3);
    request.set_show_deleted(deleted);
    request.set_count_all(!mask.empty() || deleted);
    request.set_skip(filter.empty() ? 2 : 0);
    do {
      const auto expected = SearchRuns(*Now(), request);
      const auto found = searcher_->Search(request);
      ASSERT_THAT(expected, IsOk());
      ASSERT_THAT(found, IsOk());
      ASSERT_EQ(found->DebugString(), expected->DebugString());
      ExpectSameBytes(request, *expected);
      request.set_page_token(found->next_page_token());
      request.set_skip(found->runs_size() % 2);
    } while (!request.page_token().empty());
  }

  // The page as bytes, and its runs one by one, when they are read and once more.
  void ExpectSameBytes(const v1::SearchRunsRequest& request,
                       const v1::SearchRunsResponse& expected) {
    for (int times = 0; times < 2; ++times) {
      const auto bytes = searcher_->SearchEncoded(request);
      v1::SearchRunsResponse page;
      ASSERT_TRUE(bytes.ok() && page.ParseFromString(*bytes)) << bytes.status();
      ASSERT_EQ(page.DebugString(), expected.DebugString());
      if (!request.read_mask().paths().empty()) continue;
      for (const v1::Run& run : page.runs()) {
        const auto got = searcher_->Get(run.name());
        v1::Run parsed;
        ASSERT_TRUE(got.ok() && parsed.ParseFromString((*got)->bytes)) << got.status();
        EXPECT_EQ(parsed.DebugString(), run.DebugString());
      }
    }
  }

  void ExpectSameCount(const std::string& filter, bool deleted) {
    v1::CountRunsRequest request;
    request.set_filter(filter);
    request.set_show_deleted(deleted);
    const auto expected = CountRuns(*Now(), request);
    const auto counted = searcher_->Count(request);
    ASSERT_THAT(expected, IsOk());
    ASSERT_THAT(counted, IsOk());
    EXPECT_EQ(counted->run_count(), expected->run_count());
  }

  v1::Run FirstOf(const std::vector<std::string>& mask) {
    v1::SearchRunsRequest request;
    request.set_filter("metrics.silhouette:*");
    request.mutable_read_mask()->mutable_paths()->Assign(mask.begin(), mask.end());
    const auto found = searcher_->Search(request);
    EXPECT_THAT(found, IsOk());
    return found.ok() && found->runs_size() > 0 ? found->runs(0) : v1::Run();
  }

  // One call of each that the index or the store answers.
  v1::GroupRunsResponse GroupByK() {
    v1::GroupRunsRequest request;
    request.add_group_by("params.k");
    request.add_measures("metrics.silhouette");
    request.add_measures("duration");
    request.set_order_by("mean(metrics.silhouette) desc");
    request.set_filter("params.init = random");
    const auto groups = searcher_->Group(request);
    EXPECT_THAT(groups, IsOk());
    return groups.value_or(v1::GroupRunsResponse());
  }

  void Restart(size_t max_column_bytes) {
    RunSearcherOptions options;
    options.index.max_column_bytes = max_column_bytes;
    searcher_.reset();
    searcher_ = std::make_unique<RunSearcher>(*store_, options);
    ASSERT_THAT(searcher_->Load(), IsOk());
  }

  void ExpectSameForAll() {
    for (const char* filter :
         {"", "params.k = 3", "metrics.silhouette >= 2 AND params.init = random",
          "NOT metrics.silhouette:*", "state = RUNNING OR params.k = 1"}) {
      for (const char* order : {"", "metrics.silhouette desc", "params.k, metrics.silhouette"}) {
        ExpectSame(filter, order);
      }
      ExpectSame(filter, "metrics.silhouette", /*deleted=*/true);
    }
  }

  std::unique_ptr<RunSearcher> searcher_;
  int64_t step_ = 0;
};

TEST_F(RunSearcherTest, WhatWasThereAtTheStartIsFound) { ExpectSameForAll(); }

TEST_F(RunSearcherTest, WhatCameSinceIsFound) {
  const v1::Run run = MakeRun(3);
  ExpectSame("params.k = 3", "metrics.silhouette");
  Log(run.name(), 100);
  v1::SearchRunsRequest request;
  request.set_filter("metrics.silhouette = 100");
  const auto found = searcher_->Search(request);
  ASSERT_THAT(found, IsOk());
  ASSERT_EQ(found->runs_size(), 1);
  EXPECT_EQ(found->runs(0).name(), run.name());
  Delete(run.name());
  EXPECT_EQ(searcher_->Search(request)->runs_size(), 0);
  ExpectSameForAll();
}

TEST_F(RunSearcherTest, RunsOfADeletedExperimentAreFoundByItsNameOnly) {
  v1::CreateExperimentRequest create;
  create.mutable_experiment()->set_display_name("churn");
  const auto experiment = Apply<v1::Experiment>(PlanCreateExperiment(*Now(), create, NextTime()));
  ASSERT_THAT(experiment, IsOk());
  v1::GetExperimentRequest get;
  get.set_display_name("churn");
  const std::string name = GetExperiment(*Now(), get)->name();
  v1::CreateRunRequest in_churn;
  in_churn.set_parent(name);
  ASSERT_THAT(Apply<v1::Run>(PlanCreateRun(*Now(), in_churn, Facts())), IsOk());
  ExpectSameForAll();
  v1::DeleteExperimentRequest remove;
  remove.set_name(name);
  ASSERT_THAT(Apply<v1::Experiment>(PlanDeleteExperiment(*Now(), remove, NextTime())), IsOk());
  ExpectSameForAll();
  v1::SearchRunsRequest request;
  request.add_parents(name);
  const auto found = searcher_->Search(request);
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->DebugString(), SearchRuns(*Now(), request)->DebugString());
}

TEST_F(RunSearcherTest, WhatTheIndexCannotHoldIsSearchedInTheStore) {
  RunSearcherOptions tiny;
  tiny.index.max_column_bytes = 1;
  searcher_.reset();
  searcher_ = std::make_unique<RunSearcher>(*store_, tiny);
  ASSERT_THAT(searcher_->Load(), IsOk());
  ExpectSameForAll();
}

TEST_F(RunSearcherTest, ACountIsThatOfAllPages) {
  v1::CountRunsRequest request;
  EXPECT_EQ(searcher_->Count(request)->run_count(), 20);
  request.set_filter("params.k = 3");
  EXPECT_EQ(searcher_->Count(request)->run_count(), 4);
  Delete(MakeRun(3).name());
  EXPECT_EQ(searcher_->Count(request)->run_count(), 4);
  request.set_show_deleted(true);
  EXPECT_EQ(searcher_->Count(request)->run_count(), 5);
  request.set_filter("nothing >");
  ExpectError(searcher_->Count(request).status(), absl::StatusCode::kInvalidArgument,
              "FILTER_INVALID");
  request.clear_filter();
  request.add_parents("experiments/77");
  ExpectError(searcher_->Count(request).status(), absl::StatusCode::kNotFound,
              "EXPERIMENT_NOT_FOUND");
}

TEST_F(RunSearcherTest, PagesByNumberAreTheWholeSearchAndCountIt) {
  for (const size_t max_column_bytes : {size_t{1} << 30, size_t{1}}) {
    Restart(max_column_bytes);
    v1::SearchRunsRequest request;
    request.set_filter("params.k != 0");
    request.set_order_by("metrics.silhouette, params.k");
    const auto whole = searcher_->Search(request);
    ASSERT_THAT(whole, IsOk());
    ASSERT_EQ(whole->runs_size(), 16);
    EXPECT_EQ(whole->total_size(), 0) << "nobody asked";
    EXPECT_EQ(whole->revision(), Now()->revision());
    request.set_page_size(3);
    request.set_count_all(true);
    for (int skip = 0; skip <= 20; ++skip) {
      request.set_skip(skip);
      const auto page = searcher_->Search(request);
      ASSERT_THAT(page, IsOk());
      EXPECT_EQ(page->total_size(), 16);
      EXPECT_EQ(page->next_page_token().empty(), skip >= 13);
      ASSERT_EQ(page->runs_size(), std::clamp(16 - skip, 0, 3));
      for (int i = 0; i < page->runs_size(); ++i) {
        EXPECT_EQ(page->runs(i).name(), whole->runs(skip + i).name());
      }
    }
  }
}

TEST_F(RunSearcherTest, APageGoesOnByItsTokenBehindSkippedRuns) {
  v1::SearchRunsRequest request;
  request.set_order_by("params.k");
  const auto whole = searcher_->Search(request);
  ASSERT_THAT(whole, IsOk());
  request.set_page_size(4);
  request.set_skip(5);
  request.set_page_token(searcher_->Search(request)->next_page_token());
  request.set_skip(0);
  request.set_count_all(true);
  const auto next = searcher_->Search(request);
  ASSERT_THAT(next, IsOk());
  EXPECT_EQ(next->runs(0).name(), whole->runs(9).name());
  EXPECT_EQ(next->total_size(), 20);
  request.set_skip(3);
  EXPECT_EQ(searcher_->Search(request)->runs(0).name(), whole->runs(12).name());
  request.set_skip(-1);
  ExpectError(searcher_->Search(request).status(), absl::StatusCode::kInvalidArgument,
              "VALUE_INVALID");
}

TEST_F(RunSearcherTest, FieldsAreThoseOfTheRunsOfTheFilter) {
  v1::ListRunFieldsRequest request;
  request.set_page_size(2);
  const auto first = searcher_->ListFields(request);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->total_size(), 3);
  EXPECT_EQ(first->revision(), Now()->revision());
  ASSERT_EQ(first->fields_size(), 2);
  const v1::RunField& silhouette = first->fields(0);
  EXPECT_EQ(silhouette.field(), "metrics.silhouette");
  EXPECT_EQ(silhouette.type(), v1::RunField::NUMBER);
  EXPECT_EQ(silhouette.run_count(), 13);
  EXPECT_EQ(silhouette.distinct_count(), 7);
  EXPECT_EQ(silhouette.min_value(), 0);
  EXPECT_EQ(silhouette.max_value(), 6);
  EXPECT_EQ(first->fields(1).field(), "params.init");
  EXPECT_EQ(first->fields(1).type(), v1::RunField::TEXT);
  EXPECT_FALSE(first->fields(1).has_min_value());
  request.set_page_token(first->next_page_token());
  const auto second = searcher_->ListFields(request);
  ASSERT_THAT(second, IsOk());
  ASSERT_EQ(second->fields_size(), 1);
  EXPECT_EQ(second->fields(0).field(), "params.k");
  EXPECT_EQ(second->next_page_token(), "");
  request.set_filter("NOT metrics.silhouette:*");
  ExpectError(searcher_->ListFields(request).status(), absl::StatusCode::kInvalidArgument,
              "PAGE_TOKEN_INVALID");
  request.clear_page_token();
  EXPECT_EQ(searcher_->ListFields(request)->total_size(), 2);
}

// What is remembered of an answer is told again only while it is true, and to those who may hear
// it.
TEST_F(RunSearcherTest, FieldsAreAskedForAgainAsSoonAsARunChanges) {
  v1::ListRunFieldsRequest request;
  const std::vector<int64_t> nothing = {12345};
  EXPECT_EQ(searcher_->ListFields(request)->fields(0).run_count(), 13);
  EXPECT_EQ(searcher_->ListFields(request, {}, &nothing)->fields_size(), 0);
  const v1::ListRunFieldsResponse before = *searcher_->ListFields(request);
  const v1::Run run = MakeRun(1);
  const v1::ListRunFieldsResponse after = *searcher_->ListFields(request);
  EXPECT_EQ(after.fields(0).run_count(), 14);
  EXPECT_GT(after.revision(), before.revision());
  Log(run.name(), 1234);
  EXPECT_EQ(searcher_->ListFields(request)->fields(0).max_value(), 1234);
  Delete(run.name());
  EXPECT_EQ(searcher_->ListFields(request)->fields(0).run_count(), 13);
  request.set_show_deleted(true);
  EXPECT_EQ(searcher_->ListFields(request)->fields(0).run_count(), 14);
}

TEST(FieldAnswers, AFewAnswersAreKeptAndThoseAskedForLastStay) {
  FieldAnswers answers;
  v1::ListRunFieldsResponse response;
  for (int i = 0; i < 20; ++i) {
    response.set_total_size(i);
    answers.Keep(std::to_string(i), 7, response);
    ASSERT_TRUE(answers.Find("0", 7).has_value()) << i;
  }
  EXPECT_FALSE(answers.Find("1", 7).has_value());
  EXPECT_EQ(answers.Find("19", 7)->total_size(), 19);
  EXPECT_FALSE(answers.Find("19", 8).has_value()) << "something changed";
  EXPECT_FALSE(answers.Find("19", 7).has_value()) << "and it is forgotten";
  response.set_next_page_token(std::string(FieldAnswers::kMostBytes, 'x'));
  answers.Keep("large", 7, response);
  EXPECT_FALSE(answers.Find("large", 7).has_value());
}

TEST_F(RunSearcherTest, GroupsAreTheSameFromTheIndexAndFromTheStore) {
  const v1::GroupRunsResponse indexed = GroupByK();
  EXPECT_EQ(indexed.run_count(), 10);
  ASSERT_EQ(indexed.groups_size(), 5);
  EXPECT_EQ(indexed.groups(0).values(0).text().size(), 1u);
  EXPECT_EQ(indexed.groups(0).run_count(), 2);
  EXPECT_GE(indexed.groups(0).measures(0).mean(), indexed.groups(1).measures(0).mean());
  EXPECT_EQ(indexed.groups(0).measures(1).count(), 0) << "none has ended";
  Restart(1);
  EXPECT_EQ(GroupByK().DebugString(), indexed.DebugString());
}

TEST_F(RunSearcherTest, GroupsThatCannotBeAreRefused) {
  v1::GroupRunsRequest good;
  good.add_group_by("params.k");
  good.add_measures("metrics.silhouette");
  ASSERT_THAT(searcher_->Group(good), IsOk());
  std::vector<v1::GroupRunsRequest> bad(10, good);
  bad[0].clear_group_by();
  for (int i = 0; i < 3; ++i) bad[1].add_group_by("state");
  bad[2].add_group_by("start_time");
  bad[3].add_measures("params.k");
  for (int i = 0; i < 20; ++i) bad[4].add_measures("duration");
  bad[5].set_order_by("mean(metrics.loss)");
  bad[6].set_order_by("tags.x");
  bad[7].set_order_by("params.k down");
  bad[8].set_order_by("run_count, params.k");
  bad[9].add_group_by("params.k = 3");
  for (const v1::GroupRunsRequest& request : bad) {
    SCOPED_TRACE(request.DebugString());
    ExpectError(searcher_->Group(request).status(), absl::StatusCode::kInvalidArgument,
                "VALUE_INVALID");
  }
}

TEST_F(RunSearcherTest, AMaskReturnsWhatItNamesAndTheName) {
  const v1::Run run = FirstOf({"state", "params.k", "metrics.silhouette", "tags.none"});
  EXPECT_FALSE(run.name().empty());
  EXPECT_EQ(run.state(), v1::Run::RUNNING);
  EXPECT_EQ(run.params_size(), 1);
  EXPECT_EQ(run.params().count("k"), 1u);
  EXPECT_EQ(run.metrics_size(), 1);
  EXPECT_EQ(run.uid(), "");
  EXPECT_EQ(run.etag(), "");
  EXPECT_FALSE(run.has_create_time());
  EXPECT_EQ(FirstOf({"params"}).params_size(), 2);
  v1::Run named;
  named.set_name(run.name());
  EXPECT_EQ(FirstOf({"name"}).DebugString(), named.DebugString());
  EXPECT_EQ(FirstOf({"etag"}).etag(), FirstOf({}).etag());
}

TEST_F(RunSearcherTest, EveryMaskReturnsTheSameByBothWays) {
  std::vector<std::string> many;
  for (int i = 0; i < 40; ++i) many.push_back("params.other" + std::to_string(i));
  many.push_back("params.init");
  for (const auto& mask :
       std::vector<std::vector<std::string>>{{"name"},
                                             {"params"},
                                             {"metrics", "params.k"},
                                             {"tags", "uid", "etag"},
                                             {"metrics.silhouette", "metrics.absent"},
                                             {"start_time", "params.init", "params"},
                                             many}) {
    ExpectSame("params.k = 3 OR metrics.silhouette > 2", "metrics.silhouette", false, mask);
    ExpectSame("", "params.k", true, mask);
  }
}

TEST_F(RunSearcherTest, AMaskOfWhatARunDoesNotHaveIsRefusedByItsPath) {
  for (const char* path : {"nothing", "params.", "state.x", "", "start_time.seconds", "*"}) {
    SCOPED_TRACE(path);
    v1::SearchRunsRequest request;
    request.mutable_read_mask()->add_paths(path);
    for (const auto& found : {searcher_->Search(request), SearchRuns(*Now(), request)}) {
      ExpectError(found.status(), absl::StatusCode::kInvalidArgument, "VALUE_INVALID");
      EXPECT_NE(found.status().message().find("read_mask"), std::string::npos);
    }
  }
}

TEST_F(RunSearcherTest, AfterARestartTheCheckpointOfTheStopAnswersTheSame) {
  RunSearcherOptions options;
  options.checkpoint_directory = ::testing::TempDir() + "/run_searcher_checkpoint";
  std::filesystem::remove_all(options.checkpoint_directory);
  searcher_.reset();
  searcher_ = std::make_unique<RunSearcher>(*store_, options);
  ASSERT_THAT(searcher_->Load(), IsOk());
  const v1::Run run = MakeRun(4);
  searcher_.reset();
  EXPECT_FALSE(std::filesystem::is_empty(options.checkpoint_directory));
  Log(run.name(), 50);
  MakeRun(3);
  searcher_ = std::make_unique<RunSearcher>(*store_, options);
  ASSERT_THAT(searcher_->Load(), IsOk());
  ExpectSameForAll();
  searcher_.reset();
  std::filesystem::remove_all(options.checkpoint_directory);
}

TEST_F(RunSearcherTest, ARunThatWasReadBeforeShowsWhatWasWrittenSince) {
  const v1::Run run = MakeRun(1);
  for (int value = 1; value <= 5; ++value) {
    Log(run.name(), value);
    for (const std::string& name : {run.name(), "experiments/-/runs/" + run.uid()}) {
      const auto got = searcher_->Get(name);
      v1::Run parsed;
      ASSERT_TRUE(got.ok() && parsed.ParseFromString((*got)->bytes)) << got.status();
      EXPECT_EQ(parsed.metrics(0).latest().value(), value);
    }
  }
  EXPECT_GT(searcher_->cached_run_bytes(), 0U);
  EXPECT_TRUE(absl::IsNotFound(searcher_->Get("experiments/77/runs/" + run.uid()).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(searcher_->Get("runs/" + run.uid()).status()));
}

TEST_F(RunSearcherTest, WritersAndReadersOfOneRunNeverMissAnAcknowledgedWrite) {
  const v1::Run run = MakeRun(1);
  std::atomic<int> written{0};
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        const int before = written;
        const auto got = searcher_->Get(run.name());
        v1::Run parsed;
        ASSERT_TRUE(got.ok() && parsed.ParseFromString((*got)->bytes));
        ASSERT_GE(parsed.metrics_size() == 0 ? 0 : parsed.metrics(0).latest().value(), before);
      }
    });
  }
  for (int value = 1; value <= 300; ++value) {
    Log(run.name(), value);
    written = value;
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
}

TEST_F(RunSearcherTest, RefusalsAreThoseOfTheStore) {
  v1::SearchRunsRequest request;
  request.set_filter("metrics.silhouette >");
  ExpectError(searcher_->Search(request).status(), absl::StatusCode::kInvalidArgument,
              "FILTER_INVALID");
  request.clear_filter();
  request.add_parents("experiments/77");
  ExpectError(searcher_->Search(request).status(), absl::StatusCode::kNotFound,
              "EXPERIMENT_NOT_FOUND");
}

}  // namespace
}  // namespace cairn::tracking
