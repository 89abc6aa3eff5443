#include "server/index/run_follower.h"

#include <memory>
#include <string>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/resource_names.h"
#include "server/storage/event_image.h"
#include "server/storage/keyspace.h"
#include "server/storage/memory_store.h"
#include "tests/testing/status_matchers.h"

namespace cairn::index {
namespace {

using testing::IsOk;

const std::string kFirst(32, 'a');
const std::string kSecond(32, 'b');

template <typename Record>
void Put(storage::WriteSet& set, const storage::Key& key, const Record& record) {
  set.PutRecord(key, record.SerializeAsString());
}

// A store with one experiment whose commits a follower hears of.
class RunFollowerTest : public ::testing::Test {
 protected:
  RunFollowerTest() : store_(storage::MakeMemoryStore()), follower_(*store_, index_, 1 << 30) {
    storage::WriteSet set;
    AddExperiment(set, false);
    Commit(std::move(set));
  }
  ~RunFollowerTest() override { store_->RemoveCommitListener(listener_); }

  void Follow() {
    listener_ = store_->AddCommitListener([this](storage::Revision revision, const auto& events) {
      follower_.OnCommit(revision, events);
    });
    ASSERT_THAT(follower_.Load(), IsOk());
  }

  static void AddExperiment(storage::WriteSet& set, bool deleted) {
    cairn::internal::ExperimentRecord record;
    record.mutable_experiment()->set_name(ExperimentName(1));
    if (deleted) record.mutable_experiment()->mutable_delete_time()->set_seconds(1);
    Put(set, storage::ExperimentKey(1), record);
    set.Emit(ExperimentName(1), cairn::v1::Event::EXPERIMENT_UPDATED);
  }

  static void AddRun(storage::WriteSet& set, const std::string& id) {
    cairn::internal::RunRecord record;
    record.set_experiment_id(1);
    record.mutable_run()->set_uid(id);
    record.mutable_run()->set_display_name("run " + id.substr(0, 1));
    Put(set, storage::RunKey(id), record);
    set.Emit(FormatRunName(1, id), cairn::v1::Event::RUN_CREATED);
  }

  static void AddValues(storage::WriteSet& set, const std::string& id, const std::string& value,
                        double metric) {
    cairn::internal::ValueRecord text;
    text.set_value(value);
    Put(set, storage::RunParamKey(id, "k"), text);
    Put(set, storage::RunTagKey(id, "t.u"), text);
    cairn::internal::MetricRecord summary;
    summary.mutable_summary()->set_key("m");
    summary.mutable_summary()->mutable_latest()->set_value(metric);
    summary.mutable_summary()->set_min(metric - 1);
    summary.mutable_summary()->set_max(metric + 1);
    Put(set, storage::RunMetricKey(id, "m"), summary);
    set.Emit(FormatRunName(1, id), cairn::v1::Event::RUN_LOGGED);
  }

  storage::Revision Commit(storage::WriteSet set) {
    return store_->CommitAndWait(std::move(set)).value();
  }

  // The ids of the runs found, newest first.
  std::string Found(const std::string& filter) {
    EXPECT_THAT(follower_.CatchUp(), IsOk());
    const auto compiled = core::RunFilter::Compile(filter).value();
    RunQuery query;
    query.filter = &compiled;
    std::string found;
    const RunPage page = index_.Search(query).value();
    for (const RunHit& hit : page.hits) found += hit.run_id.substr(0, 1);
    return found;
  }

  RunIndex index_;
  std::unique_ptr<storage::KvStore> store_;
  int64_t listener_ = 0;
  RunFollower follower_;
};

TEST_F(RunFollowerTest, LoadsWhatTheStoreHolds) {
  storage::WriteSet set;
  AddRun(set, kFirst);
  AddRun(set, kSecond);
  AddValues(set, kFirst, "4", 0.5);
  AddValues(set, kSecond, "5", 2);
  const storage::Revision revision = Commit(std::move(set));
  Follow();
  EXPECT_EQ(index_.revision(), revision);
  EXPECT_EQ(Found(""), "ab");
  EXPECT_EQ(Found("params.k = 4"), "a");
  EXPECT_EQ(Found("tags.t.u = 5"), "b");
  EXPECT_EQ(Found("metrics.m > 1"), "b");
  EXPECT_EQ(Found("metrics_min.m = -0.5"), "a");
  EXPECT_EQ(Found("metrics_max.m = 3"), "b");
}

TEST_F(RunFollowerTest, ASearchShowsEveryCommitAcknowledgedBefore) {
  Follow();
  storage::WriteSet created;
  AddRun(created, kFirst);
  Commit(std::move(created));
  EXPECT_EQ(Found(""), "a");
  storage::WriteSet logged;
  AddValues(logged, kFirst, "4", 0.5);
  const storage::Revision revision = Commit(std::move(logged));
  EXPECT_EQ(Found("params.k = 4 AND metrics.m = 0.5"), "a");
  EXPECT_EQ(index_.revision(), revision);
}

TEST_F(RunFollowerTest, AfterAMetricsEventOnlyTheMetricsAreRead) {
  Follow();
  storage::WriteSet created;
  AddRun(created, kFirst);
  AddValues(created, kFirst, "4", 0.5);
  Commit(std::move(created));
  EXPECT_EQ(Found("params.k = 4"), "a");
  storage::WriteSet logged;
  AddValues(logged, kFirst, "5", 0.75);
  logged.events.back().kind = cairn::v1::Event::RUN_METRICS;
  Commit(std::move(logged));
  // The event said that the parameter is as before, so nobody looked.
  EXPECT_EQ(Found("params.k = 4 AND metrics.m = 0.75"), "a");
  // Together with another event everything is read.
  storage::WriteSet both;
  AddValues(both, kFirst, "6", 0.25);
  both.Emit(FormatRunName(1, kFirst), cairn::v1::Event::RUN_METRICS);
  Commit(std::move(both));
  EXPECT_EQ(Found("params.k = 6 AND metrics.m = 0.25"), "a");
}

TEST_F(RunFollowerTest, OnlyTheMetricsThatAnEventNamesAreRead) {
  storage::WriteSet set;
  AddRun(set, kFirst);
  AddValues(set, kFirst, "4", 0.5);
  Commit(std::move(set));
  Follow();
  const auto change = [&](double value, const std::string& payload) {
    cairn::internal::MetricRecord summary;
    summary.mutable_summary()->set_key("m");
    summary.mutable_summary()->mutable_latest()->set_value(value);
    storage::WriteSet changed;
    Put(changed, storage::RunMetricKey(kFirst, "m"), summary);
    changed.Emit(FormatRunName(1, kFirst), cairn::v1::Event::RUN_METRICS, payload);
    Commit(std::move(changed));
  };
  change(2, storage::MetricsImage({"other"}));
  EXPECT_EQ(Found("metrics.m = 0.5"), "a");
  change(3, storage::MetricsImage({"m"}));
  EXPECT_EQ(Found("metrics.m = 3"), "a");
  change(4, storage::MetricsImage({"other"}));
  change(5, "");
  EXPECT_EQ(Found("metrics.m = 5"), "a");
}

TEST_F(RunFollowerTest, ItIsKnownWhichRunsChangedSinceTheIndexLooked) {
  storage::WriteSet set;
  AddRun(set, kFirst);
  AddRun(set, kSecond);
  const storage::Revision before = Commit(std::move(set));
  Follow();
  const std::vector<RunHit> first = {{kFirst, 1, ""}};
  const std::vector<RunHit> both = {{kFirst, 1, ""}, {kSecond, 1, ""}};
  EXPECT_TRUE(follower_.Unchanged(both, before, before));
  storage::WriteSet changed;
  AddValues(changed, kSecond, "5", 2);
  const storage::Revision after = Commit(std::move(changed));
  EXPECT_TRUE(follower_.Unchanged(first, before, after));
  EXPECT_FALSE(follower_.Unchanged(both, before, after));
  EXPECT_FALSE(follower_.Unchanged(first, before, after + 1));  // not heard of yet
  ASSERT_THAT(follower_.CatchUp(), IsOk());
  EXPECT_FALSE(follower_.Unchanged(first, before, after));  // no longer known
  EXPECT_TRUE(follower_.Unchanged(both, after, after));
}

TEST_F(RunFollowerTest, APurgedRunIsGone) {
  storage::WriteSet set;
  AddRun(set, kFirst);
  AddRun(set, kSecond);
  Commit(std::move(set));
  Follow();
  storage::WriteSet purge;
  purge.Delete(storage::RunKey(kFirst))
      .Emit(FormatRunName(1, kFirst), cairn::v1::Event::RUN_PURGED);
  Commit(std::move(purge));
  EXPECT_EQ(Found(""), "b");
}

TEST_F(RunFollowerTest, RunsOfADeletedExperimentAreNotFoundUnlessItIsNamed) {
  storage::WriteSet set;
  AddRun(set, kFirst);
  Commit(std::move(set));
  Follow();
  storage::WriteSet deleted;
  AddExperiment(deleted, true);
  Commit(std::move(deleted));
  EXPECT_EQ(Found(""), "");
  RunQuery query;
  query.experiments = {1};
  EXPECT_EQ(index_.Search(query)->hits.size(), 1u);
}

}  // namespace
}  // namespace cairn::index
