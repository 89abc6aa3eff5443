// What the run index does when the events it would need were removed.

#include <memory>
#include <string>
#include <utility>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "server/core/run_filter.h"
#include "server/events/event_trimmer.h"
#include "server/index/checkpoint_directory.h"
#include "server/index/run_follower.h"
#include "server/index/run_index.h"
#include "server/storage/keyspace.h"
#include "server/storage/memory_store.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/storage/scratch_directory.h"

namespace cairn::index {
namespace {

using testing::IsOk;

constexpr size_t kBudget = size_t{1} << 30;
constexpr int64_t kHour = int64_t{3600} * kNanosPerSecond;

class IndexRebuildTest : public ::testing::Test {
 protected:
  IndexRebuildTest() {
    cairn::internal::ExperimentRecord record;
    record.mutable_experiment()->set_name(ExperimentName(1));
    Commit(storage::WriteSet()
               .PutRecord(storage::ExperimentKey(1), record.SerializeAsString())
               .Emit(ExperimentName(1), cairn::v1::Event::EXPERIMENT_UPDATED));
  }

  void Commit(storage::WriteSet set) { ASSERT_THAT(store_->CommitAndWait(std::move(set)), IsOk()); }

  void PutRun(int number, const std::string& name) {
    const std::string id = fmt::format("{:032x}", number);
    cairn::internal::RunRecord record;
    record.set_experiment_id(1);
    record.mutable_run()->set_uid(id);
    record.mutable_run()->set_display_name(name);
    Commit(storage::WriteSet()
               .PutRecord(storage::RunKey(id), record.SerializeAsString())
               .Emit(FormatRunName(1, id), cairn::v1::Event::RUN_UPDATED));
  }

  // As many other revisions as the newest that always keep their events.
  void MakeThemOld() {
    for (storage::Revision i = 0; i <= events::EventTrimmer::kKeptRevisions; ++i) {
      Commit(storage::WriteSet().Emit("models/m", cairn::v1::Event::MODEL_CREATED));
    }
    clock_.AdvanceNanos(2 * kHour);
  }

  void Trim() {
    events::EventTrimmer trimmer(*store_, clock_, {kHour, int64_t{1} << 30});
    ASSERT_THAT(trimmer.Run(), IsOk());
  }

  void WriteCheckpoint() {
    RunIndex index;
    RunFollower follower(*store_, index, kBudget);
    ASSERT_THAT(follower.Load(), IsOk());
    CheckpointDirectory checkpoints(directory_.Join("index"));
    const auto written = checkpoints.Write(*store_, index, kBudget);
    ASSERT_THAT(written, IsOk());
  }

  // Starts an index from the checkpoint, and counts the runs with a name.
  LoadReport Start(const std::string& name, size_t expected) {
    RunIndex index;
    RunFollower follower(*store_, index, kBudget);
    const auto report = follower.LoadWith(CheckpointDirectory(directory_.Join("index")));
    EXPECT_THAT(report, IsOk());
    const auto filter = core::RunFilter::Compile(fmt::format("display_name = \"{}\"", name));
    RunQuery query;
    query.filter = &*filter;
    EXPECT_EQ(index.Search(query).value().hits.size(), expected);
    return report.value_or(LoadReport());
  }

  std::unique_ptr<storage::KvStore> store_ = storage::MakeMemoryStore();
  storage::ScratchDirectory directory_;
  ManualClock clock_{1'000'000 * kHour};
};

TEST_F(IndexRebuildTest, AnIndexWhoseEventsAreGoneIsReadFromTheStoreAndMissesNothing) {
  PutRun(1, "before");
  WriteCheckpoint();
  PutRun(1, "after");
  PutRun(2, "after");
  Trim();  // leaves a mark
  MakeThemOld();
  Trim();
  const LoadReport report = Start("after", 2);
  EXPECT_FALSE(report.from_checkpoint);
  EXPECT_TRUE(HasReason(report.refused, ErrorReason::EVENTS_COMPACTED)) << report.refused;
}

TEST_F(IndexRebuildTest, AnIndexWhoseEventsAreThereStartsFromItsCheckpoint) {
  PutRun(1, "before");
  Trim();
  MakeThemOld();
  Trim();
  WriteCheckpoint();
  PutRun(2, "after");
  const LoadReport report = Start("after", 1);
  EXPECT_TRUE(report.from_checkpoint) << report.refused;
  EXPECT_EQ(report.runs_read_again, 1u);
}

TEST_F(IndexRebuildTest, ACheckpointCanBeWrittenAndUsedLongAfterTheLastEvent) {
  MakeThemOld();
  PutRun(1, "idle");
  for (int i = 0; i < 4; ++i) {
    clock_.AdvanceNanos(2 * kHour);
    Trim();
  }
  WriteCheckpoint();
  EXPECT_TRUE(Start("idle", 1).from_checkpoint);
}

}  // namespace
}  // namespace cairn::index
