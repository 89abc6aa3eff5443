// Runs joined from the bytes of their records are the runs that parsing them gives.

#include "server/tracking/encoded_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "server/storage/keyspace.h"
#include "server/storage/memory_store.h"
#include "server/tracking/run_cache.h"
#include "server/tracking/runs.h"
#include "tests/testing/status_matchers.h"

namespace cairn::tracking {
namespace {

using storage::WriteSet;
using testing::IsOk;

const std::string kRun = "0123456789abcdef0123456789abcdef";
const std::string kOther = "00000000000000000000000000000001";
const std::string kAbsent = "ffffffffffffffffffffffffffffffff";

class EncodedRunTest : public ::testing::Test {
 protected:
  EncodedRunTest() : store_(storage::MakeMemoryStore()) {}

  void Commit(WriteSet set) { ASSERT_THAT(store_->CommitAndWait(std::move(set)), IsOk()); }

  static WriteSet RunWith(const std::string& id) {
    cairn::internal::RunRecord record;
    record.mutable_run()->set_name(FormatRunName(7, id));
    record.mutable_run()->set_uid(id);
    record.mutable_run()->set_display_name("a run");
    record.set_experiment_id(7);
    return WriteSet().PutRecord(storage::RunKey(id), record.SerializeAsString());
  }

  static std::string Metric(const std::string& key, double value) {
    cairn::internal::MetricRecord record;
    record.mutable_summary()->set_key(key);
    record.mutable_summary()->mutable_latest()->set_value(value);
    record.mutable_summary()->set_point_count(3);
    return record.SerializeAsString();
  }

  void ExpectAsAssembled(const std::string& id) {
    const auto snapshot = store_->GetSnapshot();
    const auto encoded = EncodeRuns(*snapshot, {id});
    auto stored = ReadRunRecord(*snapshot, "run", FormatRunName(7, id));
    ASSERT_TRUE(encoded.ok() && stored.ok()) << encoded.status() << stored.status();
    const auto assembled = AssembleRun(*snapshot, *std::move(stored));
    ASSERT_THAT(assembled, IsOk());
    v1::Run parsed;
    ASSERT_TRUE(parsed.ParseFromString((*encoded)[0]->bytes));
    EXPECT_EQ(parsed.DebugString(), assembled->DebugString());
    EXPECT_EQ((*encoded)[0]->experiment_id, 7);
    EXPECT_EQ((*encoded)[0]->revision, snapshot->revision());
  }

  std::unique_ptr<storage::KvStore> store_;
};

TEST_F(EncodedRunTest, ARunWithNothingLoggedIsItsOwnRecord) {
  Commit(RunWith(kRun));
  ExpectAsAssembled(kRun);
}

TEST_F(EncodedRunTest, NamesAndValuesOfEveryLength) {
  WriteSet set = RunWith(kRun);
  for (const size_t length : {1, 2, 126, 127, 128, 200, 16'383, 16'384, 70'000}) {
    const std::string name = "n" + std::to_string(length) + std::string(length % 251, 'k');
    set.PutRecord(storage::RunParamKey(kRun, name), ValuePayload(std::string(length, 'v')));
    set.PutRecord(storage::RunTagKey(kRun, name), ValuePayload(std::string(length - 1, 't')));
    set.PutRecord(storage::RunMetricKey(kRun, name), Metric(name, 0.5));
  }
  set.PutRecord(storage::RunParamKey(kRun, std::string("zero\0inside", 11)), ValuePayload(""));
  Commit(std::move(set));
  ExpectAsAssembled(kRun);
}

TEST_F(EncodedRunTest, FieldsOfALaterVersionAreLeftOutOfValues) {
  cairn::internal::ValueRecord value;
  value.set_value("x");
  value.GetReflection()->MutableUnknownFields(&value)->AddVarint(9, 1);
  WriteSet set = RunWith(kRun);
  set.PutRecord(storage::RunParamKey(kRun, "k"), value.SerializeAsString());
  Commit(std::move(set));
  ExpectAsAssembled(kRun);
}

TEST_F(EncodedRunTest, ManyRunsComeInTheOrderAskedAndAbsentOnesAreNull) {
  std::mt19937_64 random(11);
  std::vector<std::string> ids;
  for (int i = 0; i < 40; ++i) {
    ids.push_back(std::string(32, "0123456789abcdef"[random() % 16]));
    ids.back().replace(0, 4, std::to_string(1000 + i));
    WriteSet set = RunWith(ids.back());
    for (uint64_t k = 0; k < random() % 5; ++k) {
      set.PutRecord(storage::RunParamKey(ids.back(), std::to_string(k)), ValuePayload("v"));
    }
    Commit(std::move(set));
  }
  std::shuffle(ids.begin(), ids.end(), random);
  ids.insert(ids.begin() + 3, kAbsent);
  const auto runs =
      EncodeRuns(*store_->GetSnapshot(), std::vector<std::string_view>(ids.begin(), ids.end()));
  ASSERT_THAT(runs, IsOk());
  for (size_t i = 0; i < ids.size(); ++i) {
    SCOPED_TRACE(ids[i]);
    ASSERT_EQ((*runs)[i] == nullptr, i == 3);
    v1::Run parsed;
    if (i != 3) {
      ASSERT_TRUE(parsed.ParseFromString((*runs)[i]->bytes));
      EXPECT_EQ(parsed.uid(), ids[i]);
      ExpectAsAssembled(ids[i]);
    }
  }
}

TEST_F(EncodedRunTest, ARecordOfAnotherTypeIsDataLoss) {
  WriteSet set = RunWith(kRun);
  set.PutRecord(storage::RunParamKey(kRun, "k"), "\x0A\x7F short");
  Commit(std::move(set));
  const auto runs = EncodeRuns(*store_->GetSnapshot(), {kRun});
  EXPECT_TRUE(absl::IsDataLoss(runs.status())) << runs.status();
  EXPECT_TRUE(HasReason(runs.status(), ErrorReason::RECORD_CORRUPT));
}

EncodedRunPtr RunAt(storage::Revision revision, size_t bytes = 10) {
  auto run = std::make_shared<EncodedRun>();
  run->revision = revision;
  run->bytes.assign(bytes, 'x');
  return run;
}

std::vector<storage::Event> Touching(const std::string& id, const std::string& rest = "") {
  return {{"experiments/7/runs/" + id + rest, cairn::v1::Event::RUN_METRICS, "", "", 0}};
}

TEST(RunCache, ACommitTakesOutTheRunItNames) {
  RunCache cache(1 << 20);
  cache.Insert(kRun, RunAt(5));
  cache.Insert(kOther, RunAt(5));
  cache.OnCommit(6, {{"models/m", cairn::v1::Event::MODEL_CREATED, "", "", 0}});
  EXPECT_NE(cache.Find(kRun), nullptr);
  cache.OnCommit(7, Touching(kRun));
  EXPECT_EQ(cache.Find(kRun), nullptr);
  EXPECT_NE(cache.Find(kOther), nullptr);
  cache.OnCommit(8, Touching(kOther, "/artifacts/a"));
  EXPECT_EQ(cache.Find(kOther), nullptr);
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(RunCache, WhatWasReadBeforeACommitIsNotKeptAfterIt) {
  RunCache cache(1 << 20);
  cache.OnCommit(7, Touching(kRun));
  cache.Insert(kRun, RunAt(6));
  EXPECT_EQ(cache.Find(kRun), nullptr);
  cache.Insert(kRun, RunAt(7));
  ASSERT_NE(cache.Find(kRun), nullptr);
  EXPECT_EQ(cache.Find(kRun)->revision, 7);
}

TEST(RunCache, TheBytesAreBoundedAndWhatIsUsedStays) {
  constexpr size_t kMaxBytes = 256 << 10;
  RunCache cache(kMaxBytes);
  cache.Insert(kRun, RunAt(1, 100));
  for (int i = 0; i < 5'000; ++i) {
    std::string id = kRun;
    id.replace(28, 4, std::to_string(1'000 + i));
    cache.Insert(id, RunAt(1, 1'000));
    ASSERT_NE(cache.Find(kRun), nullptr) << i;
    ASSERT_LE(cache.bytes(), kMaxBytes);
  }
  EXPECT_GT(cache.bytes(), kMaxBytes / 4);
  cache.Insert(kOther, RunAt(1, kMaxBytes));
  EXPECT_EQ(cache.Find(kOther), nullptr);
  EXPECT_EQ(cache.Find("not an id"), nullptr);
}

}  // namespace
}  // namespace cairn::tracking
