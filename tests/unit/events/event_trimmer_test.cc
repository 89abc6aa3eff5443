#include "server/events/event_trimmer.h"

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "cairn/internal/storage.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "server/events/history_trimmer.h"
#include "server/storage/keyspace.h"
#include "server/storage/memory_store.h"
#include "server/storage/rocks_store.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/storage/scratch_directory.h"
#include "tests/unit/storage/snapshot_free_store.h"

namespace cairn::events {
namespace {

using storage::Revision;
using storage::WriteSet;
using testing::IsOk;

constexpr int64_t kHour = int64_t{3600} * kNanosPerSecond;
constexpr int64_t kStart = int64_t{1'000'000} * kHour;
// Enough for all before it to be cut.
constexpr int kMany = static_cast<int>(EventTrimmer::kKeptRevisions) + 64;

enum class Kind { kMemory, kRocks };

class EventTrimmerTest : public ::testing::TestWithParam<Kind> {
 protected:
  EventTrimmerTest() { Open(); }

  void Open() {
    store_.reset();
    if (GetParam() == Kind::kMemory) {
      store_ = storage::MakeMemoryStore();
      return;
    }
    storage::RocksOptions options;
    options.directory = directory_.path();
    options.reserve_bytes = 0;
    options.write_buffer_bytes = 64 << 10;
    auto opened = storage::OpenRocksStore(std::move(options));
    ASSERT_THAT(opened, IsOk());
    store_ = *std::move(opened);
  }

  // Bytes that do not get shorter on the disk.
  std::string Noise(size_t size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random_());
    return bytes;
  }

  // Commits `count` revisions with an event of `bytes` each, waiting for the last one only.
  Revision Emit(int count, size_t bytes = 0) {
    for (int i = 1; i < count; ++i) {
      store_->Commit(WriteSet().Emit("r", cairn::v1::Event::MODEL_CREATED, Noise(bytes)),
                     [](const storage::CommitResult&) {});
    }
    return store_
        ->CommitAndWait(WriteSet().Emit("r", cairn::v1::Event::MODEL_CREATED, Noise(bytes)))
        .value();
  }

  void Run(EventRetention retention) {
    storage::SnapshotFreeStore watched(*store_);
    EventTrimmer trimmer(watched, clock_, retention);
    const absl::Status status = trimmer.Run();
    EXPECT_THAT(status, IsOk());
  }

  Revision Newest() { return store_->GetSnapshot()->revision(); }

  // Where the log begins; 0 if it was never cut.
  Revision Begin() {
    const absl::Status status =
        store_->ScanEvents(0, [](const storage::StoredEvent&) { return false; });
    if (status.ok()) return 0;
    EXPECT_TRUE(HasReason(status, ErrorReason::EVENTS_COMPACTED)) << status;
    return std::stoll(MetadataOf(status, "oldestRevision"));
  }

  size_t Marks() {
    size_t marks = 0;
    EXPECT_THAT(store_->GetSnapshot()->Scan(storage::KeyRange::Prefix(storage::EventMarkPrefix()),
                                            storage::ScanOrder::kAscending,
                                            [&marks](std::string_view, const storage::Record&) {
                                              ++marks;
                                              return true;
                                            }),
                IsOk());
    return marks;
  }

  storage::ScratchDirectory directory_;
  std::unique_ptr<storage::KvStore> store_;
  ManualClock clock_{kStart};
  std::mt19937_64 random_{7};
};

INSTANTIATE_TEST_SUITE_P(Stores, EventTrimmerTest, ::testing::Values(Kind::kMemory, Kind::kRocks),
                         [](const auto& test) {
                           return test.param == Kind::kMemory ? "Memory" : "Rocks";
                         });

TEST_P(EventTrimmerTest, EventsGoWhenTheyAreOlderThanTheRetentionAndNotBefore) {
  const EventRetention day{24 * kHour};
  const Revision old = Emit(10);
  Run(day);
  clock_.AdvanceNanos(23 * kHour);
  Emit(kMany);
  Run(day);
  EXPECT_EQ(Begin(), 0);
  clock_.AdvanceNanos(kHour);
  Run(day);
  EXPECT_EQ(Begin(), old + 1);
}

TEST_P(EventTrimmerTest, MarksAreFoundAgainAfterARestart) {
  if (GetParam() == Kind::kMemory) GTEST_SKIP() << "a memory store ends with its process";
  const EventRetention day{24 * kHour};
  const Revision old = Emit(10);
  Run(day);
  Emit(kMany);
  Open();
  clock_.AdvanceNanos(24 * kHour);
  Run(day);
  EXPECT_EQ(Begin(), old + 1);
  Open();
  EXPECT_EQ(Begin(), old + 1);
}

TEST_P(EventTrimmerTest, TheNewestRevisionsKeepTheirEventsHoweverOldTheyAre) {
  Emit(100);
  Run({kHour});
  clock_.AdvanceNanos(1000 * kHour);
  Run({kHour});
  EXPECT_EQ(Begin(), 0);
}

TEST_P(EventTrimmerTest, ALogThatIsTooLargeLosesItsOldestPart) {
  const EventRetention small{1'000'000 * kHour, 256 << 10};
  for (int round = 0; round < 40; ++round) {
    Emit(100, 1000);
    Run(small);
  }
  const Revision begin = Begin();
  EXPECT_GT(begin, 1);
  // Only what must be kept is left, up to a round of 100 and a mark of a sixteenth.
  EXPECT_GE(begin, Newest() - EventTrimmer::kKeptRevisions - 250);
  EXPECT_LE(begin, Newest() - EventTrimmer::kKeptRevisions + 1);
}

TEST_P(EventTrimmerTest, ALogThatFitsIsNotCut) {
  const EventRetention large{1'000'000 * kHour, 64 << 20};
  for (int round = 0; round < 20; ++round) {
    Emit(100, 1000);
    Run(large);
  }
  EXPECT_EQ(Begin(), 0);
}

TEST_P(EventTrimmerTest, WithoutNewEventsNothingIsWritten) {
  Emit(kMany);
  Run({kHour});
  clock_.AdvanceNanos(2 * kHour);
  Emit(kMany);
  Run({kHour});
  Run({kHour});
  const Revision newest = Newest();
  for (int hour = 0; hour < 5; ++hour) {
    clock_.AdvanceNanos(2 * kHour);
    Run({kHour});
  }
  EXPECT_EQ(Newest(), newest);
}

TEST_P(EventTrimmerTest, ThereAreOnlyAsManyMarksAsHoursThatAreKept) {
  const EventRetention retention{5 * kHour};
  for (int hour = 0; hour < 20; ++hour) {
    Emit(kMany);
    Run(retention);
    clock_.AdvanceNanos(kHour);
  }
  EXPECT_LE(Marks(), 7u);
  EXPECT_GT(Begin(), 10 * kMany);
}

TEST_P(EventTrimmerTest, AClockThatWasSetBackStopsNothing) {
  const EventRetention day{24 * kHour};
  clock_.AdvanceNanos(100'000 * kHour);
  Emit(10);
  Run(day);
  clock_.AdvanceNanos(-100'000 * kHour);
  const Revision later = Emit(kMany);
  Run(day);
  Emit(kMany);
  clock_.AdvanceNanos(25 * kHour);
  Run(day);
  EXPECT_GT(Begin(), later);
}

TEST_P(EventTrimmerTest, TheRoomOfRemovedEventsComesBack) {
  Emit(4000, 2000);
  Run({kHour});
  const int64_t before = store_->EventBytes(0).value();
  Emit(1200, 2000);
  clock_.AdvanceNanos(kHour);
  Run({kHour});
  ASSERT_GT(Begin(), 4000);
  EXPECT_LT(store_->EventBytes(0).value(), before / 2);
  size_t left = 0;
  ASSERT_THAT(store_->ScanEvents(Begin(),
                                 [&left](const storage::StoredEvent&) {
                                   ++left;
                                   return true;
                                 }),
              IsOk());
  EXPECT_EQ(left, 1200u);
}

TEST(EventRecordsTest, StandInTheStoreAsDocumented) {
  cairn::internal::EventLogStartRecord start;
  start.set_first_revision(7);
  cairn::internal::EventMarkRecord mark;
  mark.set_unix_nanos(1000 * kNanosPerSecond);
  const std::string document =
      ReadFile(std::string(CAIRN_SOURCE_DIR) + "/docs/storage-format.md").value();
  for (const std::string& payload : {start.SerializeAsString(), mark.SerializeAsString()}) {
    EXPECT_NE(document.find("`" + HexEncode(payload) + "`"), std::string::npos)
        << HexEncode(payload);
  }
}

TEST(HistoryTrimmerTest, StopsAtOnce) {
  const auto store = storage::MakeMemoryStore();
  HistoryTrimmer trimmer(*store, SystemClock(), {});
  trimmer.Start();
}

}  // namespace
}  // namespace cairn::events
