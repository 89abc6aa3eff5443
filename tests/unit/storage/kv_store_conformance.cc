#include "tests/unit/storage/kv_store_conformance.h"

#include <atomic>
#include <charconv>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "cairn/internal/audit.pb.h"
#include "gmock/gmock.h"
#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/hash_chain.h"
#include "lib/base/mutex.h"
#include "server/storage/audit_chain.h"
#include "server/storage/keyspace.h"
#include "tests/testing/status_matchers.h"

namespace cairn::storage {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

absl::StatusOr<std::string> AddNumbers(const Key&, std::optional<std::string_view> existing,
                                       std::string_view operand) {
  const auto parse = [](std::string_view text, int64_t* value) {
    return std::from_chars(text.data(), text.data() + text.size(), *value).ec == std::errc();
  };
  int64_t sum = 0;
  int64_t added = 0;
  if ((existing && !parse(*existing, &sum)) || !parse(operand, &added)) {
    return absl::InvalidArgumentError("not a number");
  }
  return std::to_string(sum + added);
}

namespace {

using testing::IsOk;
using testing::StatusIs;

Key K(std::string bytes, Family family = Family::kRecord) { return {family, std::move(bytes)}; }

WriteSet PutSet(const Key& key, const std::string& payload) {
  return WriteSet().PutRecord(key, payload);
}

bool IsConflictOn(const CommitResult& result, const std::string& key_hex) {
  return !result.ok() && result.status().code() == absl::StatusCode::kAborted &&
         HasReason(result.status(), ErrorReason::COMMIT_CONFLICT) &&
         MetadataOf(result.status(), "key") == key_hex;
}

// Holds the committer inside the listener, so that what is queued meanwhile
// becomes one group.
class Gate {
 public:
  explicit Gate(KvStore& store) : store_(store) {
    listener_ = store_.AddCommitListener([this](Revision, const std::vector<Event>&) { Pass(); });
    store_.Commit(WriteSet().PutRecord(K("gate"), ""), [](const CommitResult&) {});
    MutexLock lock(&mutex_);
    while (!waiting_) changed_.Wait(&mutex_);
  }

  void Open() {
    {
      MutexLock lock(&mutex_);
      open_ = true;
    }
    changed_.SignalAll();
    store_.RemoveCommitListener(listener_);
  }

 private:
  void Pass() {
    MutexLock lock(&mutex_);
    waiting_ = true;
    changed_.SignalAll();
    while (!open_) changed_.Wait(&mutex_);
  }

  KvStore& store_;
  int64_t listener_ = 0;
  Mutex mutex_;
  CondVar changed_;
  bool waiting_ = false;
  bool open_ = false;
};

// Collects the results of commits by the order in which they were queued.
class Results {
 public:
  CommitCallback Next() {
    MutexLock lock(&mutex_);
    const size_t slot = results_.size();
    results_.emplace_back();
    return [this, slot](CommitResult result) {
      MutexLock inner(&mutex_);
      results_[slot] = std::move(result);
      ++done_;
      arrived_.SignalAll();
    };
  }

  std::vector<CommitResult> Wait() {
    MutexLock lock(&mutex_);
    while (done_ < results_.size()) arrived_.Wait(&mutex_);
    std::vector<CommitResult> all;
    for (auto& result : results_) all.push_back(*result);
    return all;
  }

 private:
  Mutex mutex_;
  CondVar arrived_;
  std::vector<std::optional<CommitResult>> results_;
  size_t done_ = 0;
};

// What a cursor shows of one range.
std::vector<std::string> WalkAll(Cursor& cursor, std::string_view begin, std::string_view end) {
  std::vector<std::string> seen;
  for (cursor.Seek(begin, end); cursor.Valid(); cursor.Next()) {
    seen.push_back(std::string(cursor.key()) + "=" + std::string(cursor.record().payload));
  }
  EXPECT_THAT(cursor.status(), IsOk());
  return seen;
}

}  // namespace

Revision KvStoreConformance::Commit(WriteSet set) {
  const CommitResult result = store().CommitAndWait(std::move(set));
  EXPECT_THAT(result, IsOk());
  Between();
  return result.ok() ? *result : -1;
}

std::string KvStoreConformance::PayloadAt(const Key& key) {
  const auto record = store().GetSnapshot()->Get(key);
  EXPECT_THAT(record, IsOk());
  return record.ok() && record->has_value() ? (*record)->payload : "(none)";
}

Record KvStoreConformance::RecordAt(const Key& key) {
  const auto record = store().GetSnapshot()->Get(key);
  EXPECT_TRUE(record.ok() && record->has_value());
  return record.ok() ? record->value_or(Record()) : Record();
}

std::vector<std::string> KvStoreConformance::ScanAll(const Snapshot& snapshot,
                                                     const KeyRange& range, ScanOrder order) {
  std::vector<std::string> seen;
  const absl::Status status =
      snapshot.Scan(range, order, [&seen](std::string_view key, const Record& record) {
        seen.push_back(std::string(key) + "=" + record.payload);
        return true;
      });
  EXPECT_THAT(status, IsOk());
  if (order == ScanOrder::kAscending) {
    EXPECT_EQ(WalkAll(*snapshot.NewCursor(range.family), range.begin, range.end), seen);
  }
  return seen;
}

TEST_P(KvStoreConformance, AFreshStoreIsEmptyAtRevisionZero) {
  const auto snapshot = store().GetSnapshot();
  EXPECT_EQ(snapshot->revision(), 0);
  EXPECT_FALSE(snapshot->Get(K("a"))->has_value());
  EXPECT_THAT(ScanAll(*snapshot, {Family::kRecord, "", ""}, ScanOrder::kAscending), IsEmpty());
  EXPECT_THAT(store().Health(), IsOk());
}

TEST_P(KvStoreConformance, RevisionsCountCommitsFromOne) {
  EXPECT_EQ(Commit(PutSet(K("a"), "1")), 1);
  EXPECT_EQ(Commit(PutSet(K("b"), "2")), 2);
  EXPECT_EQ(Commit(WriteSet()), 3);
  EXPECT_EQ(store().GetSnapshot()->revision(), 3);
}

TEST_P(KvStoreConformance, CountersFollowARecordThroughItsLife) {
  Commit(PutSet(K("a"), "1"));
  Commit(PutSet(K("other"), "x"));
  Commit(PutSet(K("a"), "2"));
  Record record = RecordAt(K("a"));
  EXPECT_EQ(record.create_revision, 1);
  EXPECT_EQ(record.mod_revision, 3);
  EXPECT_EQ(record.version, 2);
  EXPECT_EQ(record.payload, "2");
  Commit(WriteSet().Delete(K("a")));
  EXPECT_EQ(PayloadAt(K("a")), "(none)");
  Commit(PutSet(K("a"), "3"));
  record = RecordAt(K("a"));
  EXPECT_EQ(record.create_revision, 5);
  EXPECT_EQ(record.version, 1);
}

TEST_P(KvStoreConformance, APutOnceStartsTheCountersAnew) {
  Commit(PutSet(K("a"), "1"));
  Commit(WriteSet().PutOnce(K("a"), "2"));
  const Record record = RecordAt(K("a"));
  EXPECT_EQ(record.create_revision, 2);
  EXPECT_EQ(record.version, 1);
}

TEST_P(KvStoreConformance, PreconditionsGuardTheWholeSet) {
  Commit(PutSet(K("a"), "1"));
  EXPECT_TRUE(IsConflictOn(store().CommitAndWait(PutSet(K("b"), "2").RequireAbsent(K("a"))), "61"));
  EXPECT_TRUE(IsConflictOn(store().CommitAndWait(PutSet(K("b"), "2").RequireExists(K("c"))), "63"));
  EXPECT_TRUE(
      IsConflictOn(store().CommitAndWait(PutSet(K("b"), "2").RequireRevision(K("a"), 7)), "61"));
  EXPECT_TRUE(
      IsConflictOn(store().CommitAndWait(PutSet(K("b"), "2").RequireRevision(K("a"), 0)), "61"));
  Between();
  EXPECT_EQ(PayloadAt(K("b")), "(none)");
  EXPECT_EQ(Commit(PutSet(K("b"), "2")
                       .RequireRevision(K("a"), 1)
                       .RequireExists(K("a"))
                       .RequireAbsent(K("c"))
                       .RequireRevision(K("d"), 0)),
            2);
}

TEST_P(KvStoreConformance, TheSameBytesInTwoFamiliesAreTwoKeys) {
  Commit(PutSet(K("a", Family::kRecord), "1"));
  Commit(PutSet(K("a", Family::kIndex), "2").RequireAbsent(K("a", Family::kIndex)));
  EXPECT_EQ(PayloadAt(K("a", Family::kRecord)), "1");
  EXPECT_EQ(PayloadAt(K("a", Family::kIndex)), "2");
}

TEST_P(KvStoreConformance, AContradictorySetIsRefused) {
  WriteSet twice;
  twice.PutRecord(K("a"), "1").Delete(K("a"));
  for (const WriteSet& set :
       {twice, WriteSet().PutRecord(K("x", Family::kEvent), ""),
        WriteSet().PutRecord(LastRevisionKey(), ""), WriteSet().Delete(FormatKey()),
        WriteSet().PutRecord(K("big"), std::string(static_cast<size_t>(kMaxWriteSetBytes), 'x'))}) {
    const CommitResult result = store().CommitAndWait(set);
    EXPECT_THAT(result, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_TRUE(HasReason(result.status(), ErrorReason::WRITE_SET_INVALID));
  }
  EXPECT_EQ(store().GetSnapshot()->revision(), 0);
}

TEST_P(KvStoreConformance, MergesAddUp) {
  Commit(WriteSet().MergeInto(K("n"), "5"));
  Commit(WriteSet().MergeInto(K("n"), "7"));
  EXPECT_EQ(PayloadAt(K("n")), "12");
  EXPECT_EQ(RecordAt(K("n")).version, 2);
}

TEST_P(KvStoreConformance, AMergeThatFailsLeavesNothingBehind) {
  WriteSet set;
  set.PutRecord(K("a"), "1").MergeInto(K("n"), "4").MergeInto(K("m"), "not a number");
  set.Emit("x", cairn::v1::Event::MODEL_CREATED);
  EXPECT_THAT(store().CommitAndWait(set), StatusIs(absl::StatusCode::kInvalidArgument));
  Between();
  EXPECT_EQ(PayloadAt(K("a")), "(none)");
  EXPECT_EQ(PayloadAt(K("n")), "(none)");
  EXPECT_EQ(store().GetSnapshot()->revision(), 0);
}

TEST_P(KvStoreConformance, ScansVisitARangeInBothDirections) {
  for (const char* key : {"b", "d", "a", "c", "e"}) Commit(PutSet(K(key), key));
  Commit(WriteSet().Delete(K("c")));
  const auto snapshot = store().GetSnapshot();
  const KeyRange middle{Family::kRecord, "b", "e"};
  EXPECT_THAT(ScanAll(*snapshot, middle, ScanOrder::kAscending), ElementsAre("b=b", "d=d"));
  EXPECT_THAT(ScanAll(*snapshot, middle, ScanOrder::kDescending), ElementsAre("d=d", "b=b"));
  const KeyRange all{Family::kRecord, "", ""};
  EXPECT_THAT(ScanAll(*snapshot, all, ScanOrder::kDescending),
              ElementsAre("e=e", "d=d", "b=b", "a=a"));
  EXPECT_THAT(ScanAll(*snapshot, {Family::kRecord, "d", "b"}, ScanOrder::kAscending), IsEmpty());
  EXPECT_THAT(ScanAll(*snapshot, {Family::kRecord, "x", ""}, ScanOrder::kDescending), IsEmpty());
}

TEST_P(KvStoreConformance, APrefixScanSeesExactlyThePrefix) {
  const std::string high = "p\xFF";
  for (const std::string& key : {std::string("o"), std::string("p"), std::string("pa"), high,
                                 high + "\xFF", std::string("q")}) {
    Commit(PutSet(K(key), ""));
  }
  const auto snapshot = store().GetSnapshot();
  EXPECT_THAT(ScanAll(*snapshot, KeyRange::Prefix(K("p")), ScanOrder::kAscending),
              ElementsAre("p=", "pa=", high + "=", high + "\xFF="));
  EXPECT_THAT(ScanAll(*snapshot, KeyRange::Prefix(K(high)), ScanOrder::kDescending),
              ElementsAre(high + "\xFF=", high + "="));
}

TEST_P(KvStoreConformance, ACursorWalksOneRangeAfterTheOther) {
  WriteSet set;
  for (const char* key : {"a1", "a2", "b1", "b2", "b3", "d1"}) set.PutRecord(K(key), key);
  set.PutRecord(K("b2", Family::kIndex), "elsewhere");
  Commit(std::move(set));
  Commit(WriteSet().Delete(K("b2")));
  const auto snapshot = store().GetSnapshot();
  const auto walk = snapshot->NewCursor(Family::kRecord);
  EXPECT_FALSE(walk->Valid());
  // Forwards, backwards, a range again with another end, and ranges without records.
  EXPECT_THAT(WalkAll(*walk, "a", "b"), ElementsAre("a1=a1", "a2=a2"));
  EXPECT_THAT(WalkAll(*walk, "b", "c"), ElementsAre("b1=b1", "b3=b3"));
  EXPECT_THAT(WalkAll(*walk, "b", "b2"), ElementsAre("b1=b1"));
  EXPECT_THAT(WalkAll(*walk, "b", "b4"), ElementsAre("b1=b1", "b3=b3"));
  EXPECT_THAT(WalkAll(*walk, "c", "d"), IsEmpty());
  EXPECT_THAT(WalkAll(*walk, "c", "a"), IsEmpty());
  EXPECT_THAT(WalkAll(*walk, "b3", ""), ElementsAre("b3=b3", "d1=d1"));
  EXPECT_THAT(WalkAll(*walk, "a2", "b1"), ElementsAre("a2=a2"));
  walk->Seek("a", "b");
  EXPECT_EQ(walk->record().create_revision, 1);
  EXPECT_EQ(walk->record().mod_revision, 1);
  EXPECT_EQ(walk->record().version, 1);
}

TEST_P(KvStoreConformance, ACursorShowsItsSnapshot) {
  Commit(PutSet(K("a"), "1"));
  const auto snapshot = store().GetSnapshot();
  const auto cursor = snapshot->NewCursor(Family::kRecord);
  ASSERT_THAT(store().CommitAndWait(PutSet(K("a"), "2")), IsOk());
  ASSERT_THAT(store().CommitAndWait(PutSet(K("b"), "1")), IsOk());
  EXPECT_THAT(WalkAll(*cursor, "", ""), ElementsAre("a=1"));
  EXPECT_EQ(snapshot->revision(), 1);
}

TEST_P(KvStoreConformance, AVisitorMayStopAScanAndReadTheStore) {
  for (const char* key : {"a", "b", "c"}) Commit(PutSet(K(key), key));
  const auto snapshot = store().GetSnapshot();
  std::vector<std::string> seen;
  const absl::Status status = snapshot->Scan(
      {Family::kRecord, "", ""}, ScanOrder::kAscending, [&](std::string_view key, const Record&) {
        seen.push_back(snapshot->Get(K(std::string(key))).value()->payload);
        return seen.size() < 2;
      });
  EXPECT_THAT(status, IsOk());
  EXPECT_THAT(seen, ElementsAre("a", "b"));
}

TEST_P(KvStoreConformance, ALongScanIsComplete) {
  WriteSet set;
  for (int i = 0; i < 1000; ++i) set.PutRecord(K(std::to_string(1000 + i)), "");
  Commit(set);
  const auto snapshot = store().GetSnapshot();
  const auto up = ScanAll(*snapshot, {Family::kRecord, "", ""}, ScanOrder::kAscending);
  auto down = ScanAll(*snapshot, {Family::kRecord, "", ""}, ScanOrder::kDescending);
  EXPECT_EQ(up.size(), 1000u);
  std::reverse(down.begin(), down.end());
  EXPECT_EQ(up, down);
}

TEST_P(KvStoreConformance, MultiGetAnswersInTheOrderAsked) {
  Commit(PutSet(K("a"), "1").PutRecord(K("b"), "2").PutRecord(K("b", Family::kIndex), "3"));
  const auto records =
      store().GetSnapshot()->MultiGet({K("b", Family::kIndex), K("z"), K("a"), K("b"), K("a")});
  ASSERT_THAT(records, IsOk());
  ASSERT_EQ(records->size(), 5u);
  EXPECT_EQ((*records)[0]->payload, "3");
  EXPECT_FALSE((*records)[1].has_value());
  EXPECT_EQ((*records)[2]->payload, "1");
  EXPECT_EQ((*records)[3]->payload, "2");
  EXPECT_EQ((*records)[4]->payload, "1");
}

TEST_P(KvStoreConformance, ASnapshotDoesNotSeeLaterCommits) {
  Commit(PutSet(K("a"), "old").PutRecord(K("gone"), "x"));
  const auto before = store().GetSnapshot();
  const auto commit = [this](WriteSet set) {
    ASSERT_THAT(store().CommitAndWait(std::move(set)), IsOk());
  };
  commit(PutSet(K("a"), "new"));
  commit(PutSet(K("b"), "new"));
  commit(WriteSet().Delete(K("gone")));
  for (int i = 0; i < 20; ++i) commit(PutSet(K("a"), std::to_string(i)));
  const auto after = store().GetSnapshot();
  EXPECT_EQ(before->revision(), 1);
  EXPECT_EQ(after->revision(), 24);
  const KeyRange all{Family::kRecord, "", ""};
  EXPECT_THAT(ScanAll(*before, all, ScanOrder::kAscending), ElementsAre("a=old", "gone=x"));
  EXPECT_THAT(ScanAll(*after, all, ScanOrder::kAscending), ElementsAre("a=19", "b=new"));
  EXPECT_EQ(before->Get(K("a")).value()->payload, "old");
  EXPECT_FALSE(before->MultiGet({K("b")}).value()[0].has_value());
}

TEST_P(KvStoreConformance, EventsAreKeptInTheOrderOfCommits) {
  Commit(WriteSet()
             .Emit("r1", cairn::v1::Event::MODEL_CREATED, "p1")
             .Emit("r2", cairn::v1::Event::MODEL_CREATED));
  Commit(PutSet(K("a"), "no event"));
  Commit(WriteSet().Emit("r1", cairn::v1::Event::ALIAS_SET, std::string("\x00\xFF", 2)));
  std::vector<std::string> seen;
  const auto collect = [&seen](const StoredEvent& e) {
    seen.push_back(std::to_string(e.revision) + "." + std::to_string(e.ordinal) + " " +
                   e.event.resource + " " + cairn::v1::Event::Kind_Name(e.event.kind) + " " +
                   e.event.image);
    return true;
  };
  ASSERT_THAT(store().ScanEvents(0, collect), IsOk());
  EXPECT_THAT(seen, ElementsAre("1.0 r1 MODEL_CREATED p1", "1.1 r2 MODEL_CREATED ",
                                "3.0 r1 ALIAS_SET " + std::string("\x00\xFF", 2)));
  seen.clear();
  ASSERT_THAT(store().ScanEvents(2, collect), IsOk());
  EXPECT_EQ(seen.size(), 1u);
  seen.clear();
  ASSERT_THAT(store().ScanEvents(4, collect), IsOk());
  EXPECT_THAT(seen, IsEmpty());
  int visits = 0;
  ASSERT_THAT(store().ScanEvents(1, [&visits](const StoredEvent&) { return ++visits < 1; }),
              IsOk());
  EXPECT_EQ(visits, 1);
}

TEST_P(KvStoreConformance, ATrimmedEventLogSaysWhereItBegins) {
  for (int i = 1; i <= 6; ++i)
    Commit(WriteSet().Emit("r" + std::to_string(i), cairn::v1::Event::MODEL_CREATED));
  Commit(WriteSet().TrimEventsBefore(4).Emit("trim", cairn::v1::Event::MODEL_CREATED));
  std::vector<std::string> seen;
  const auto collect = [&seen](const StoredEvent& e) {
    seen.push_back(e.event.resource);
    return true;
  };
  ASSERT_THAT(store().ScanEvents(4, collect), IsOk());
  EXPECT_THAT(seen, ElementsAre("r4", "r5", "r6", "trim"));
  seen.clear();
  for (const Revision gone : {0, 1, 3}) {
    const absl::Status status = store().ScanEvents(gone, collect);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kOutOfRange)) << gone;
    EXPECT_TRUE(HasReason(status, ErrorReason::EVENTS_COMPACTED)) << gone;
    EXPECT_EQ(MetadataOf(status, "oldestRevision"), "4") << gone;
  }
  EXPECT_THAT(seen, IsEmpty());
}

TEST_P(KvStoreConformance, TheBeginOfTheEventLogNeverGoesBackNorBeyondItsCommit) {
  for (int i = 1; i <= 4; ++i) Commit(WriteSet().Emit("r", cairn::v1::Event::MODEL_CREATED));
  Commit(WriteSet().TrimEventsBefore(4));
  Commit(WriteSet().TrimEventsBefore(2));
  const auto visit = [](const StoredEvent&) { return true; };
  EXPECT_EQ(MetadataOf(store().ScanEvents(1, visit), "oldestRevision"), "4");
  const Revision last =
      Commit(WriteSet().TrimEventsBefore(1'000'000).Emit("own", cairn::v1::Event::MODEL_CREATED));
  EXPECT_EQ(MetadataOf(store().ScanEvents(1, visit), "oldestRevision"), std::to_string(last));
  std::vector<Revision> seen;
  ASSERT_THAT(store().ScanEvents(last,
                                 [&seen](const StoredEvent& e) {
                                   seen.push_back(e.revision);
                                   return true;
                                 }),
              IsOk());
  EXPECT_THAT(seen, ElementsAre(last));
}

TEST_P(KvStoreConformance, ARefusedCommitTrimsNothing) {
  for (int i = 1; i <= 3; ++i) Commit(WriteSet().Emit("r", cairn::v1::Event::MODEL_CREATED));
  const CommitResult refused =
      store().CommitAndWait(WriteSet().TrimEventsBefore(3).RequireExists(K("absent")));
  EXPECT_TRUE(IsConflictOn(refused, "616273656e74")) << refused.status();
  int visits = 0;
  EXPECT_THAT(store().ScanEvents(1,
                                 [&visits](const StoredEvent&) {
                                   ++visits;
                                   return true;
                                 }),
              IsOk());
  EXPECT_EQ(visits, 3);
}

TEST_P(KvStoreConformance, TheBeginOfTheEventLogIsTheCommittersOwn) {
  const CommitResult refused = store().CommitAndWait(PutSet(EventLogStartKey(), ""));
  EXPECT_TRUE(HasReason(refused.status(), ErrorReason::WRITE_SET_INVALID)) << refused.status();
}

TEST_P(KvStoreConformance, TheRoomOfEventsGrowsWithThemAndComesBack) {
  const std::string payload(4096, 'x');
  for (int i = 0; i < 200; ++i)
    Commit(WriteSet().Emit("r", cairn::v1::Event::MODEL_CREATED, payload + std::to_string(i)));
  const int64_t all = store().EventBytes(0).value();
  const int64_t newer = store().EventBytes(151).value();
  EXPECT_GT(all, 0);
  EXPECT_LT(newer, all);
  EXPECT_EQ(store().EventBytes(1000).value(), 0);
  Commit(WriteSet().TrimEventsBefore(151));
  EXPECT_LE(store().EventBytes(0).value(), newer + newer / 2);
}

TEST_P(KvStoreConformance, AGroupSeesItsOwnEarlierSets) {
  Commit(WriteSet().PutRecord(K("deleted"), "x"));
  Gate gate(store());
  Results results;
  store().Commit(PutSet(K("a"), "1").RequireAbsent(K("a")), results.Next());
  store().Commit(PutSet(K("a"), "2").RequireAbsent(K("a")), results.Next());
  store().Commit(PutSet(K("a"), "3").RequireRevision(K("a"), 3), results.Next());
  store().Commit(WriteSet().MergeInto(K("n"), "1"), results.Next());
  store().Commit(WriteSet().MergeInto(K("n"), "2").RequireExists(K("n")), results.Next());
  store().Commit(WriteSet().Delete(K("deleted")), results.Next());
  store().Commit(PutSet(K("deleted"), "y").RequireAbsent(K("deleted")), results.Next());
  gate.Open();
  const auto all = results.Wait();
  EXPECT_EQ(all[0].value(), 3);
  EXPECT_TRUE(IsConflictOn(all[1], "61"));
  EXPECT_EQ(all[2].value(), 4);
  EXPECT_EQ(all[3].value(), 5);
  EXPECT_EQ(all[4].value(), 6);
  EXPECT_EQ(all[6].value(), 8);
  Between();
  const Record a = RecordAt(K("a"));
  EXPECT_EQ(a.payload, "3");
  EXPECT_EQ(a.create_revision, 3);
  EXPECT_EQ(a.version, 2);
  EXPECT_EQ(PayloadAt(K("n")), "3");
  EXPECT_EQ(RecordAt(K("deleted")).create_revision, 8);
}

TEST_P(KvStoreConformance, ACollectionKeyTellsThatAChildCameBetween) {
  const Key children = CollectionKey("models/m/versions");
  Commit(PutSet(K("v1"), "").PutRecord(children, ""));
  const Revision seen = RecordAt(children).mod_revision;
  Commit(PutSet(K("v2"), "").PutRecord(children, ""));
  const CommitResult result =
      store().CommitAndWait(PutSet(K("head"), "v1").RequireRevision(children, seen));
  EXPECT_TRUE(HasReason(result.status(), ErrorReason::COMMIT_CONFLICT));
}

TEST_P(KvStoreConformance, TheListenerHearsRevisionsInOrderBeforeTheCallback) {
  std::vector<std::string> heard;
  const int64_t listener =
      store().AddCommitListener([&heard](Revision revision, const std::vector<Event>& events) {
        heard.push_back("listen " + std::to_string(revision) + " " + std::to_string(events.size()));
      });
  Mutex mutex;
  CondVar done;
  int answered = 0;
  for (int i = 0; i < 10; ++i) {
    store().Commit(WriteSet().Emit("r", cairn::v1::Event::MODEL_CREATED), [&](CommitResult result) {
      MutexLock lock(&mutex);
      const std::string entry = "listen " + std::to_string(*result) + " 1";
      EXPECT_THAT(heard, ::testing::Contains(entry));
      ++answered;
      done.Signal();
    });
  }
  MutexLock lock(&mutex);
  while (answered < 10) done.Wait(&mutex);
  store().RemoveCommitListener(listener);
  ASSERT_EQ(heard.size(), 10u);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(heard[static_cast<size_t>(i)], "listen " + std::to_string(i + 1) + " 1");
  }
}

TEST_P(KvStoreConformance, EveryListenerHearsInTheOrderInWhichTheyWereAdded) {
  std::vector<std::string> heard;
  KvStore& held = store();
  const auto hears = [&heard](const char* who) {
    return [&heard, who](Revision revision, const std::vector<Event>&) {
      heard.push_back(who + std::to_string(revision));
    };
  };
  const int64_t first = held.AddCommitListener(hears("a"));
  const int64_t second = held.AddCommitListener(hears("b"));
  ASSERT_THAT(held.CommitAndWait(PutSet(K("x"), "1")), IsOk());
  held.RemoveCommitListener(first);
  held.RemoveCommitListener(0);
  ASSERT_THAT(held.CommitAndWait(PutSet(K("x"), "2")), IsOk());
  held.RemoveCommitListener(second);
  ASSERT_THAT(held.CommitAndWait(PutSet(K("x"), "3")), IsOk());
  EXPECT_THAT(heard, ElementsAre("a1", "b1", "b2"));
}

TEST_P(KvStoreConformance, ACallbackMayCommitAgain) {
  Results results;
  const CommitCallback second = results.Next();
  store().Commit(PutSet(K("a"), "1"), [&](const CommitResult&) {
    store().Commit(PutSet(K("b"), "2").RequireExists(K("a")), second);
  });
  EXPECT_EQ(results.Wait()[0].value(), 2);
}

TEST_P(KvStoreConformance, AFullQueueRefusesWithADelay) {
  CommitterOptions options;
  options.max_queued_sets = 2;
  fixture_.reset();
  fixture_ = GetParam().make(options);
  Gate gate(store());
  Results accepted;
  store().Commit(PutSet(K("a"), "1"), accepted.Next());
  store().Commit(PutSet(K("b"), "2"), accepted.Next());
  const CommitResult refused = store().CommitAndWait(PutSet(K("c"), "3"));
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_TRUE(HasReason(refused.status(), ErrorReason::QUEUE_FULL));
  EXPECT_TRUE(refused.status().GetPayload("type.googleapis.com/google.rpc.RetryInfo").has_value());
  gate.Open();
  for (const CommitResult& result : accepted.Wait()) EXPECT_THAT(result, IsOk());
  EXPECT_EQ(PayloadAt(K("c")), "(none)");
}

TEST_P(KvStoreConformance, WhatIsQueuedIsFinishedWhenTheStoreCloses) {
  std::atomic<int> committed = 0;
  for (int i = 0; i < 100; ++i) {
    store().Commit(PutSet(K(std::to_string(i)), ""),
                   [&committed](const CommitResult& result) { committed += result.ok() ? 1 : 0; });
  }
  fixture_.reset();
  EXPECT_EQ(committed.load(), 100);
}

TEST_P(KvStoreConformance, RacingIncrementsLoseNothing) {
  constexpr int kThreads = 8;
  constexpr int kEach = 40;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < kEach;) {
        const auto record = store().GetSnapshot()->Get(K("n"));
        const int64_t old = record->has_value() ? std::stoll((*record)->payload) : 0;
        WriteSet set = PutSet(K("n"), std::to_string(old + 1));
        set.RequireRevision(K("n"), record->has_value() ? (*record)->mod_revision : 0);
        if (store().CommitAndWait(std::move(set)).ok()) ++i;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  Between();
  EXPECT_EQ(PayloadAt(K("n")), std::to_string(kThreads * kEach));
  EXPECT_EQ(RecordAt(K("n")).version, kThreads * kEach);
}

TEST_P(KvStoreConformance, ReadersNeverSeeHalfACommit) {
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int i = 0; i < 300; ++i) {
      const std::string value = std::to_string(i);
      ASSERT_THAT(
          store().CommitAndWait(PutSet(K("a"), value).PutRecord(K("b", Family::kIndex), value)),
          IsOk());
    }
    stop = true;
  });
  Revision newest = 0;
  while (!stop) {
    const auto snapshot = store().GetSnapshot();
    const auto both = snapshot->MultiGet({K("a"), K("b", Family::kIndex)}).value();
    ASSERT_EQ(both[0].has_value(), both[1].has_value());
    if (both[0]) {
      ASSERT_EQ(both[0]->payload, both[1]->payload);
      ASSERT_EQ(both[0]->mod_revision, snapshot->revision());
    }
    ASSERT_GE(snapshot->revision(), newest);
    newest = snapshot->revision();
  }
  writer.join();
}

// Random write sets against a model that is a plain map.
TEST_P(KvStoreConformance, RandomCommitsAgreeWithAModel) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto pick = [&random](int n) {
    return static_cast<int>(random() % static_cast<uint64_t>(n));
  };
  struct Modelled {
    Revision mod;
    int64_t version;
    std::string payload;
  };
  std::map<Key, Modelled> model;
  Revision revision = 0;
  for (int step = 0; step < 120; ++step) {
    WriteSet set;
    std::set<Key> used;
    bool accepted = true;
    std::map<Key, Modelled> next = model;
    for (int i = 0; i < 4; ++i) {
      const Key key = K(std::string(1, static_cast<char>('a' + pick(6))),
                        pick(2) == 0 ? Family::kRecord : Family::kMetric);
      const auto known = model.find(key);
      if (pick(5) == 0) {
        const Revision wanted =
            pick(2) == 0 ? revision : (known == model.end() ? 0 : known->second.mod);
        set.RequireRevision(key, wanted);
        accepted &= wanted == (known == model.end() ? 0 : known->second.mod);
      }
      if (!used.insert(key).second) continue;
      const int64_t version = known == model.end() ? 1 : known->second.version + 1;
      if (pick(4) == 0) {
        set.Delete(key);
        next.erase(key);
      } else {
        const std::string payload = std::to_string(pick(1000));
        set.PutRecord(key, payload);
        next[key] = {revision + 1, version, payload};
      }
    }
    const CommitResult result = store().CommitAndWait(std::move(set));
    ASSERT_EQ(result.ok(), accepted) << result.status();
    if (accepted) {
      model = std::move(next);
      ASSERT_EQ(*result, ++revision);
    }
    if (step % 10 == 0) Between();
    const auto snapshot = store().GetSnapshot();
    std::map<Key, Modelled> found;
    for (const Family family : {Family::kRecord, Family::kMetric}) {
      ASSERT_THAT(snapshot->Scan({family, "", ""}, ScanOrder::kAscending,
                                 [&](std::string_view key, const Record& record) {
                                   found[K(std::string(key), family)] = {
                                       record.mod_revision, record.version, record.payload};
                                   return true;
                                 }),
                  IsOk());
    }
    ASSERT_EQ(found.size(), model.size());
    for (const auto& [key, expected] : model) {
      ASSERT_TRUE(found.contains(key));
      EXPECT_EQ(found[key].mod, expected.mod);
      EXPECT_EQ(found[key].version, expected.version);
      EXPECT_EQ(found[key].payload, expected.payload);
    }
  }
}

// The entries of the audit, whose chain is verified on the way.
std::vector<internal::AuditEntryRecord> ReadChain(const Snapshot& snapshot) {
  std::vector<internal::AuditEntryRecord> entries;
  std::string hash = ChainStart();
  EXPECT_THAT(snapshot.Scan(KeyRange::Prefix(AuditEntryPrefix()), ScanOrder::kAscending,
                            [&](std::string_view, const Record& record) {
                              internal::AuditLinkRecord link;
                              EXPECT_TRUE(link.ParseFromString(record.payload));
                              hash = ChainHash(hash, link.entry());
                              EXPECT_EQ(link.sha256(), hash);
                              EXPECT_TRUE(entries.emplace_back().ParseFromString(link.entry()));
                              EXPECT_EQ(entries.back().sequence(),
                                        static_cast<int64_t>(entries.size()));
                              EXPECT_EQ(entries.back().revision(), record.mod_revision);
                              return true;
                            }),
              IsOk());
  const auto end = ReadAuditEnd(snapshot);
  EXPECT_THAT(end, IsOk());
  EXPECT_EQ(end->sequence, static_cast<int64_t>(entries.size()));
  EXPECT_EQ(HexEncode(end->sha256), entries.empty() ? "" : HexEncode(hash));
  return entries;
}

WriteSet AliasSet(const std::string& principal, std::string image) {
  WriteSet set;
  set.principal = principal;
  return set.Audit(v1::Event::ALIAS_SET, "models/m/aliases/a", std::move(image));
}

TEST_P(KvStoreConformance, ChangesOfProductionAreOneChainInTheOrderOfCommits) {
  Commit(AliasSet("ada", "x"));
  Between();
  const Revision second = Commit(AliasSet("bob", "").Audit(v1::Event::POLICY_APPLIED, "policies/p",
                                                           "y", std::string(64, '0')));
  const auto entries = ReadChain(*store().GetSnapshot());
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].principal(), "ada");
  EXPECT_EQ(entries[0].image(), "x");
  EXPECT_EQ(entries[0].value_sha256(), Sha256Hex("x"));
  EXPECT_EQ(entries[1].value_sha256(), "");
  EXPECT_EQ(entries[1].revision(), second);
  EXPECT_EQ(entries[2].resource(), "policies/p");
  EXPECT_EQ(entries[2].kind(), v1::Event::POLICY_APPLIED);
  EXPECT_EQ(entries[2].rule_sha256(), std::string(64, '0'));
  EXPECT_THAT(
      ScanAll(*store().GetSnapshot(), KeyRange::Prefix(AuditByResourcePrefix("models/m/aliases/a")),
              ScanOrder::kAscending),
      ::testing::SizeIs(2));
}

TEST_P(KvStoreConformance, ChangesOfProductionThatMeetInOneGroupDoNotConflict) {
  Gate gate(store());
  Results results;
  for (int i = 0; i < 20; ++i) {
    WriteSet set = AliasSet("p" + std::to_string(i), std::to_string(i));
    // Every third is refused, and leaves no trace.
    if (i % 3 == 0) set.RequireExists(K("nothing"));
    store().Commit(std::move(set), results.Next());
  }
  gate.Open();
  const auto committed = results.Wait();
  const auto entries = ReadChain(*store().GetSnapshot());
  size_t accepted = 0;
  for (const CommitResult& result : committed) accepted += result.ok() ? 1 : 0;
  EXPECT_EQ(accepted, 13u);
  EXPECT_EQ(entries.size(), accepted);
  for (const auto& entry : entries) EXPECT_NE(std::stoi(entry.image()) % 3, 0);
}

TEST_P(KvStoreConformance, ALargeImageStandsBesideItsEntry) {
  const std::string image(kMaxAuditImageBytes + 1, 'i');
  Commit(AliasSet("ada", image));
  Commit(AliasSet("ada", image));
  const auto entries = ReadChain(*store().GetSnapshot());
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].image(), "");
  EXPECT_EQ(entries[0].value_sha256(), Sha256Hex(image));
  EXPECT_EQ(PayloadAt(KeptValueKey(Sha256Hex(image))), image);
}

TEST_P(KvStoreConformance, OnlyTheCommitterWritesTheChain) {
  for (const Key& key :
       {AuditEndKey(), AuditEntryKey(1), AuditByResourceKey("models/m/aliases/a", 1)}) {
    EXPECT_THAT(store().CommitAndWait(PutSet(key, "x")),
                StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(store().CommitAndWait(WriteSet().Delete(key)),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

// The vector of docs/promotion.md, worked out by a separate program.
TEST(AuditChain, IsHashedAsDocumented) {
  AuditEnd end;
  ChainEntry({v1::Event::ALIAS_SET, "models/m/aliases/a", "x", ""}, "ada", 5, 1'000'000'000, end);
  EXPECT_EQ(HexEncode(end.sha256),
            "be32c5c01624c9deb8852b3d9224c6664ffbe36cda9c1183836f400484fdd9f3");
  ChainEntry({v1::Event::ALIAS_DELETED, "models/m/aliases/a", "", ""}, "ada", 5, 1'000'000'000,
             end);
  EXPECT_EQ(HexEncode(end.sha256),
            "b9971cec8c22376033256119ab7dc789cd0412e46f9de49ad1da911f4a5b9705");
  EXPECT_EQ(end.sequence, 2);
}

}  // namespace cairn::storage
