#include "server/storage/commit_group.h"

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "server/storage/record_codec.h"
#include "tests/testing/status_matchers.h"

namespace cairn::storage {
namespace {

using testing::IsOk;
using testing::StatusIs;

Key RecordKey(std::string bytes) { return {Family::kRecord, std::move(bytes)}; }

std::vector<WriteSet> Sets(WriteSet a, WriteSet b = {}) {
  std::vector<WriteSet> sets;
  sets.push_back(std::move(a));
  sets.push_back(std::move(b));
  return sets;
}

TEST(CommitGroup, AsksForEachKeyOnceAndNotForBlindOnes) {
  CommitGroup group(Sets(WriteSet()
                             .RequireExists(RecordKey("b"))
                             .PutRecord(RecordKey("a"), "")
                             .PutOnce(RecordKey("c"), ""),
                         WriteSet()
                             .PutRecord(RecordKey("b"), "")
                             .Delete(RecordKey("d"))
                             .MergeInto(RecordKey("e"), "")));
  std::string asked;
  for (const Key* key : group.keys_to_load()) asked += key->bytes;
  EXPECT_EQ(asked, "abe");
}

TEST(CommitGroup, WritesEachKeyOnceInOrder) {
  CommitGroup group(Sets(WriteSet().PutOnce(RecordKey("b"), "1").PutOnce(RecordKey("c"), "2"),
                         WriteSet().PutOnce(RecordKey("b"), "3").PutOnce(RecordKey("a"), "4")));
  group.Load({});
  group.Decide(10, 7, nullptr);
  const CommitBatch batch = group.batch();
  EXPECT_EQ(batch.last_revision, 12);
  std::string written;
  for (const Change& change : batch.changes) {
    written += change.key->bytes + "=" + (*change.record)->payload + " ";
  }
  EXPECT_EQ(written, "a=4 b=3 c=2 ");
}

TEST(CommitGroup, WritesInOrderWhateverTheOrderOfTheSets) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    std::vector<WriteSet> sets(1 + random() % 4);
    std::map<std::string, std::string> expected;
    for (WriteSet& set : sets) {
      std::vector<std::string> names;
      for (size_t i = random() % 20; i > 0; --i) names.push_back(std::to_string(random() % 50));
      std::sort(names.begin(), names.end());
      names.erase(std::unique(names.begin(), names.end()), names.end());
      if (random() % 2 == 0) std::shuffle(names.begin(), names.end(), random);
      for (const std::string& name : names) {
        expected[name] = std::to_string(random());
        set.PutOnce(RecordKey(name), expected[name]);
      }
    }
    CommitGroup group(std::move(sets));
    group.Load({});
    group.Decide(1, 7, nullptr);
    std::vector<std::pair<std::string, std::string>> written;
    const CommitBatch batch = group.batch();
    for (const Change& change : batch.changes) {
      written.emplace_back(change.key->bytes, (*change.record)->payload);
    }
    EXPECT_EQ(written,
              std::vector<decltype(written)::value_type>(expected.begin(), expected.end()));
  }
}

TEST(CommitGroup, ARefusedSetTakesNoRevisionAndEmitsNothing) {
  CommitGroup group(
      Sets(WriteSet()
               .RequireExists(RecordKey("a"))
               .PutOnce(RecordKey("x"), "")
               .Emit("r", cairn::v1::Event::MODEL_CREATED),
           WriteSet().PutOnce(RecordKey("y"), "").Emit("r", cairn::v1::Event::ALIAS_SET)));
  group.Load({std::optional<Record>()});
  group.Decide(0, 7, nullptr);
  EXPECT_TRUE(HasReason(group.results()[0].status(), ErrorReason::COMMIT_CONFLICT));
  EXPECT_EQ(group.results()[1].value(), 1);
  const CommitBatch batch = group.batch();
  ASSERT_EQ(batch.changes.size(), 1u);
  ASSERT_EQ(batch.events.size(), 1u);
  EXPECT_EQ(batch.events[0].event->kind, cairn::v1::Event::ALIAS_SET);
}

TEST(CommitGroup, ADamagedRecordFailsOnlyTheSetsThatNeedIt) {
  const absl::Status damaged = CorruptRecord(Family::kRecord, "a", "test");
  CommitGroup group(
      Sets(WriteSet().PutRecord(RecordKey("a"), "1"), WriteSet().PutRecord(RecordKey("b"), "2")));
  group.Load({damaged, std::optional<Record>()});
  group.Decide(0, 7, nullptr);
  EXPECT_THAT(group.results()[0], StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(group.results()[1], IsOk());
}

TEST(CommitGroup, ADamagedRecordCanBeReplacedBlindlyAndDeleted) {
  CommitGroup group(
      Sets(WriteSet().Delete(RecordKey("a")), WriteSet().PutRecord(RecordKey("a"), "new")));
  group.Load({CorruptRecord(Family::kRecord, "a", "test")});
  group.Decide(0, 7, nullptr);
  EXPECT_THAT(group.results()[0], IsOk());
  EXPECT_THAT(group.results()[1], IsOk());
  EXPECT_EQ((*group.batch().changes[0].record)->create_revision, 2);
}

}  // namespace
}  // namespace cairn::storage
