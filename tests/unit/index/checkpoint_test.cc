// Checkpoints: what was written comes back, whatever is damaged or does not belong
// here is refused, and with the events since they say what the store says.

#include "server/index/checkpoint.h"

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "server/index/checkpoint_directory.h"
#include "server/index/index_keeper.h"
#include "server/index/run_follower.h"
#include "server/storage/crc32c.h"
#include "server/storage/keyspace.h"
#include "server/storage/memory_store.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/index/random_runs.h"

namespace cairn::index {
namespace {

using testing::FailsWith;
using testing::IsOk;
using testing::StatusIs;

constexpr size_t kBudget = size_t{1} << 30;

class StringSink : public ByteSink {
 public:
  absl::Status Write(std::string_view bytes) override {
    text.append(bytes);
    return absl::OkStatus();
  }
  std::string text;
};

absl::StatusOr<std::string> NoFingerprint(storage::Revision) { return std::string(32, 'f'); }

std::string Bytes(const RunIndex& index) {
  StringSink sink;
  const auto revision = CheckpointWriter(index, sink).Write(kBudget, NoFingerprint);
  EXPECT_THAT(revision, IsOk());
  EXPECT_EQ(*revision, index.revision());
  return sink.text;
}

absl::Status ReadInto(std::string_view bytes, RunColumns& columns) {
  StringSource source(bytes);
  return CheckpointReader(source, columns).Read([](const CheckpointStamp&) {
    return absl::OkStatus();
  });
}

// The same answers to random questions.
void ExpectSame(const RunIndex& a, const RunIndex& b, RandomRuns& random, int questions) {
  for (int i = 0; i < questions && !::testing::Test::HasFailure(); ++i) {
    const std::string filter_text = i == 0 ? "" : random.Filter(2);
    const std::string order_text = random.OrderBy();
    SCOPED_TRACE(fmt::format("{} | {}", filter_text, order_text));
    const auto filter = core::RunFilter::Compile(filter_text).value();
    const auto order = core::RunOrder::Parse(order_text).value();
    RunQuery query;
    query.filter = &filter;
    query.order = &order;
    query.limit = 10'000;
    query.show_deleted = random.OneIn(2);
    if (random.OneIn(2)) query.experiments = {static_cast<int64_t>(random.Below(4))};
    const auto page_a = a.Search(query);
    const auto page_b = b.Search(query);
    ASSERT_THAT(page_a, IsOk());
    ASSERT_THAT(page_b, IsOk());
    ASSERT_EQ(page_a->plan, page_b->plan);
    ASSERT_EQ(page_a->hits.size(), page_b->hits.size());
    for (size_t k = 0; k < page_a->hits.size(); ++k) {
      ASSERT_EQ(page_a->hits[k].run_id, page_b->hits[k].run_id);
      ASSERT_EQ(page_a->hits[k].experiment_id, page_b->hits[k].experiment_id);
      ASSERT_EQ(page_a->hits[k].sort_key, page_b->hits[k].sort_key);
    }
    ASSERT_EQ(a.Count(query).count, b.Count(query).count);
  }
}

void AddRandomRuns(RunIndex& index, RandomRuns& random, size_t runs) {
  std::vector<RunChange> changes;
  for (size_t i = 0; i < runs; ++i) {
    const std::string uid = random.Uid();
    changes.push_back(
        {RunChange::Kind::kWhole, uid, static_cast<int64_t>(random.Below(4)), random.Run(uid)});
    if (random.OneIn(9)) changes.push_back({RunChange::Kind::kRemoved, uid, 0, {}});
  }
  ASSERT_THAT(index.Apply(index.revision() + 1, changes, {{0, true}, {1, true}, {3, true}}),
              IsOk());
}

uint64_t Seed() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

TEST(Checkpoint, EveryKindOfColumnComesBack) {
  for (const size_t runs : {0u, 1u, 60u, 4096u, 9'000u}) {
    const uint64_t seed = Seed();
    SCOPED_TRACE(fmt::format("seed {} with {} runs", seed, runs));
    RandomRuns random(seed);
    RunIndex index;
    AddRandomRuns(index, random, runs);
    auto columns = std::make_unique<RunColumns>();
    ASSERT_THAT(ReadInto(Bytes(index), *columns), IsOk());
    RunIndex copy;
    copy.Install(index.revision(), std::move(columns));
    ExpectSame(index, copy, random, 40);
    EXPECT_EQ(Bytes(copy).size(), Bytes(index).size());
  }
}

TEST(Checkpoint, TextsInAnyScriptAndLongOnesComeBack) {
  RunIndex index;
  RunChange change{RunChange::Kind::kWhole, std::string(32, 'a'), 1, {}};
  change.run.set_display_name("Überprüfung 数据 🚀");
  (*change.run.mutable_params())["größe"] = std::string(6'000, 'x');
  (*change.run.mutable_tags())["empty"] = "";
  ASSERT_THAT(index.Apply(1, {change}, {{1, true}}), IsOk());
  RunColumns columns;
  ASSERT_THAT(ReadInto(Bytes(index), columns), IsOk());
  const auto text = [&](core::RunField field, const char* key) {
    const TextColumn* column = columns.text(field, key);
    return column == nullptr ? "(none)"
                             : std::string(column->dictionary.text(column->codes.Get(0)));
  };
  EXPECT_EQ(text(core::RunField::kDisplayName, ""), "Überprüfung 数据 🚀");
  EXPECT_EQ(text(core::RunField::kParam, "größe"), std::string(6'000, 'x'));
  EXPECT_EQ(text(core::RunField::kTag, "empty"), "");
  EXPECT_NE(columns.text(core::RunField::kTag, "empty")->codes.Get(0), 0u);
}

TEST(Checkpoint, WhatWasDroppedStaysDropped) {
  RunIndexOptions options;
  options.max_column_bytes = 1;
  RunIndex index(options);
  RandomRuns random(5);
  AddRandomRuns(index, random, 20);
  index.KeepBudget();
  RunColumns columns;
  ASSERT_THAT(ReadInto(Bytes(index), columns), IsOk());
  EXPECT_TRUE(columns.IsDropped(core::RunField::kMetric, "loss"));
  EXPECT_TRUE(columns.IsDropped(core::RunField::kMetricMin, "loss"));
  EXPECT_TRUE(columns.IsDropped(core::RunField::kParam, "lr"));
  EXPECT_FALSE(columns.IsDropped(core::RunField::kParam, "absent"));
}

TEST(Checkpoint, EveryTruncationAndEveryFlippedBitIsRefused) {
  RunIndex index;
  RandomRuns random(11);
  AddRandomRuns(index, random, 3);
  const std::string whole = Bytes(index);
  for (size_t size = 0; size < whole.size(); ++size) {
    RunColumns columns;
    ASSERT_THAT(ReadInto(whole.substr(0, size), columns), StatusIs(absl::StatusCode::kDataLoss))
        << size;
  }
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    RunColumns columns;
    ASSERT_THAT(ReadInto(damaged, columns), StatusIs(absl::StatusCode::kDataLoss)) << bit;
  }
  RunColumns columns;
  EXPECT_THAT(ReadInto(whole + '\0', columns), StatusIs(absl::StatusCode::kDataLoss));
}

// A store with a random history, its index, and a directory for checkpoints.
class History {
 public:
  History(uint64_t seed, std::string path)
      : random(seed),
        store(storage::MakeMemoryStore()),
        follower(*store, index, kBudget),
        directory(std::move(path)),
        checkpoints(directory) {
    std::filesystem::remove_all(directory);
    listener = store->AddCommitListener([this](storage::Revision revision, const auto& events) {
      follower.OnCommit(revision, events);
    });
    for (int64_t id = 0; id < 4; ++id) SetExperiment(id, false);
    EXPECT_THAT(follower.Load(), IsOk());
  }
  ~History() {
    store->RemoveCommitListener(listener);
    std::filesystem::remove_all(directory);
  }

  void Commit(storage::WriteSet set) { EXPECT_THAT(store->CommitAndWait(std::move(set)), IsOk()); }

  void SetExperiment(int64_t id, bool deleted) {
    cairn::internal::ExperimentRecord record;
    record.mutable_experiment()->set_name(ExperimentName(id));
    if (deleted) record.mutable_experiment()->mutable_delete_time()->set_seconds(1);
    storage::WriteSet set;
    set.PutRecord(storage::ExperimentKey(id), record.SerializeAsString());
    set.Emit(ExperimentName(id), cairn::v1::Event::EXPERIMENT_UPDATED);
    Commit(std::move(set));
  }

  void PutMetric(storage::WriteSet& set, const std::string& uid,
                 const cairn::v1::MetricSummary& summary) {
    cairn::internal::MetricRecord record;
    *record.mutable_summary() = summary;
    set.PutRecord(storage::RunMetricKey(uid, summary.key()), record.SerializeAsString());
  }

  void PutRun(const std::string& uid) {
    storage::WriteSet set;
    cairn::internal::RunRecord record;
    record.set_experiment_id(static_cast<int64_t>(random.Below(4)));
    *record.mutable_run() = random.Run(uid);
    cairn::v1::Run& run = *record.mutable_run();
    cairn::internal::ValueRecord value;
    for (const auto& [key, text] : run.params()) {
      value.set_value(text);
      set.PutRecord(storage::RunParamKey(uid, key), value.SerializeAsString());
    }
    for (const auto& [key, text] : run.tags()) {
      value.set_value(text);
      set.PutRecord(storage::RunTagKey(uid, key), value.SerializeAsString());
    }
    for (const auto& summary : run.metrics()) PutMetric(set, uid, summary);
    const int64_t experiment = record.experiment_id();
    run.clear_params();
    run.clear_tags();
    run.clear_metrics();
    set.PutRecord(storage::RunKey(uid), record.SerializeAsString());
    set.Emit(FormatRunName(experiment, uid), cairn::v1::Event::RUN_CREATED);
    runs[uid] = experiment;
    Commit(std::move(set));
  }

  void Purge(const std::string& uid) {
    storage::WriteSet set;
    set.Emit(FormatRunName(runs[uid], uid), cairn::v1::Event::RUN_PURGED);
    set.Delete(storage::RunKey(uid));
    const auto snapshot = store->GetSnapshot();
    for (const auto& prefix : {storage::RunParamPrefix(uid), storage::RunTagPrefix(uid),
                               storage::RunMetricPrefix(uid)}) {
      EXPECT_THAT(snapshot->Scan(storage::KeyRange::Prefix(prefix), storage::ScanOrder::kAscending,
                                 [&](std::string_view key, const auto&) {
                                   set.Delete({prefix.family, std::string(key)});
                                   return true;
                                 }),
                  IsOk());
    }
    runs.erase(uid);
    Commit(std::move(set));
  }

  void DoSomething() {
    if (random.OneIn(12)) {
      SetExperiment(static_cast<int64_t>(random.Below(4)), random.OneIn(2));
      return;
    }
    if (runs.empty() || random.OneIn(3)) return PutRun(random.Uid());
    auto it = runs.begin();
    std::advance(it, static_cast<ptrdiff_t>(random.Below(runs.size())));
    const std::string uid = it->first;
    if (random.OneIn(4)) return Purge(uid);
    if (random.OneIn(3)) return PutRun(uid);
    storage::WriteSet set;
    PutMetric(set, uid, random.Metric());
    set.Emit(FormatRunName(it->second, uid), cairn::v1::Event::RUN_METRICS);
    Commit(std::move(set));
  }

  // What a start makes of the checkpoints there are, beside a start without any.
  LoadReport ExpectRightStart(const CheckpointDirectory& from, size_t budget = kBudget) {
    RunIndex loaded, filled;
    RunFollower with(*store, loaded, budget), without(*store, filled, budget);
    const auto report = with.LoadWith(from);
    EXPECT_THAT(report, IsOk());
    EXPECT_THAT(without.Load(), IsOk());
    EXPECT_EQ(loaded.revision(), filled.revision());
    ExpectSame(loaded, filled, random, 25);
    return report.ok() ? *report : LoadReport();
  }

  RandomRuns random;
  RunIndex index;
  int64_t listener = 0;
  std::unique_ptr<storage::KvStore> store;
  RunFollower follower;
  const std::string directory;
  CheckpointDirectory checkpoints;
  std::map<std::string, int64_t> runs;
};

// Lets the history go on between any two writes of a checkpoint.
class RestlessSink final : public StringSink {
 public:
  explicit RestlessSink(History& history) : history_(history) {}
  absl::Status Write(std::string_view bytes) override {
    if (history_.random.OneIn(3)) {
      history_.DoSomething();
      EXPECT_THAT(history_.follower.CatchUp(), IsOk());
    }
    return StringSink::Write(bytes);
  }

 private:
  History& history_;
};

std::string Scratch(const std::string& name) {
  return ::testing::TempDir() + "/checkpoint_" + name;
}

std::string OnlyFile(const std::string& directory) {
  std::string found;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    EXPECT_EQ(found, "");
    found = entry.path();
  }
  return found;
}

TEST(Checkpoint, WithTheEventsSinceItSaysWhatTheStoreSays) {
  for (int round = 0; round < 12 && !::testing::Test::HasFailure(); ++round) {
    const uint64_t seed = Seed();
    SCOPED_TRACE(fmt::format("seed {}", seed));
    History history(seed, Scratch("history"));
    for (size_t i = history.random.Below(60); i > 0; --i) history.DoSomething();
    ASSERT_THAT(history.follower.CatchUp(), IsOk());
    const auto written = history.checkpoints.Write(*history.store, history.index, kBudget);
    ASSERT_THAT(written, IsOk());
    for (size_t i = history.random.Below(60); i > 0; --i) history.DoSomething();
    EXPECT_TRUE(history.ExpectRightStart(history.checkpoints).from_checkpoint);
  }
}

TEST(Checkpoint, WrittenWhileRunsChangeItIsStillRight) {
  for (int round = 0; round < 20 && !::testing::Test::HasFailure(); ++round) {
    const uint64_t seed = Seed();
    SCOPED_TRACE(fmt::format("seed {}", seed));
    History history(seed, Scratch("restless"));
    for (size_t i = history.random.Below(80); i > 0; --i) history.DoSomething();
    ASSERT_THAT(history.follower.CatchUp(), IsOk());
    ASSERT_THAT(history.checkpoints.Write(*history.store, history.index, kBudget), IsOk());
    const std::string path = OnlyFile(history.directory);
    RestlessSink sink(history);
    const auto revision =
        CheckpointWriter(history.index, sink).Write(kBudget, [&](storage::Revision at) {
          return StoreFingerprint(*history.store, at);
        });
    ASSERT_THAT(revision, IsOk());
    std::ofstream(path, std::ios::binary) << sink.text;
    EXPECT_TRUE(history.ExpectRightStart(history.checkpoints).from_checkpoint);
  }
}

TEST(CheckpointDirectory, WhatCannotBeUsedIsRefusedAndTheAnswersAreRightAllTheSame) {
  History history(3, Scratch("refused"));
  EXPECT_TRUE(absl::IsNotFound(history.ExpectRightStart(history.checkpoints).refused));
  for (int i = 0; i < 30; ++i) history.DoSomething();
  ASSERT_THAT(history.follower.CatchUp(), IsOk());
  ASSERT_THAT(history.checkpoints.Write(*history.store, history.index, kBudget), IsOk());
  const std::string path = OnlyFile(history.directory);

  History other(4, Scratch("other"));
  for (int i = 0; i < 60; ++i) other.DoSomething();
  const absl::Status foreign = other.ExpectRightStart(history.checkpoints).refused;
  EXPECT_NE(foreign.message().find("another store"), std::string::npos) << foreign;
  History young(4, Scratch("young"));
  const absl::Status future = young.ExpectRightStart(history.checkpoints).refused;
  EXPECT_NE(future.message().find("newer than the store"), std::string::npos) << future;

  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(100);
  file.put('\x55');
  file.close();
  EXPECT_TRUE(absl::IsDataLoss(history.ExpectRightStart(history.checkpoints).refused));
  std::ofstream(path, std::ios::binary | std::ios::trunc) << "nothing of ours";
  EXPECT_TRUE(absl::IsDataLoss(history.ExpectRightStart(history.checkpoints).refused));
}

TEST(CheckpointDirectory, OneWithDroppedColumnsIsRefusedOnceThereIsRoom) {
  History history(8, Scratch("budget"));
  for (int i = 0; i < 30; ++i) history.DoSomething();
  ASSERT_THAT(history.follower.CatchUp(), IsOk());
  ASSERT_THAT(history.checkpoints.Write(*history.store, history.index, 1'000), IsOk());
  EXPECT_THAT(history.checkpoints.Load(*history.store, kBudget), IsOk());

  RunIndexOptions tiny;
  tiny.max_column_bytes = 1;
  RunIndex dropped(tiny);
  RunFollower follower(*history.store, dropped, 1);
  ASSERT_THAT(follower.Load(), IsOk());
  ASSERT_THAT(history.checkpoints.Write(*history.store, dropped, 1), IsOk());
  EXPECT_THAT(history.checkpoints.Load(*history.store, 1), IsOk());
  const absl::Status refused = history.checkpoints.Load(*history.store, 2).status();
  EXPECT_NE(refused.message().find("budget"), std::string::npos) << refused;
}

TEST(CheckpointDirectory, AWriteThatFailsLeavesTheOlderOne) {
  History history(9, Scratch("full"));
  history.DoSomething();
  ASSERT_THAT(history.follower.CatchUp(), IsOk());
  ASSERT_THAT(history.checkpoints.Write(*history.store, history.index, kBudget), IsOk());
  const std::string path = OnlyFile(history.directory);
  for (int i = 0; i < 30; ++i) history.DoSomething();
  ASSERT_THAT(history.follower.CatchUp(), IsOk());

  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto* handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small { 1'000, before.rlim_max };
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto written = history.checkpoints.Write(*history.store, history.index, kBudget);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);

  EXPECT_THAT(written, FailsWith(ErrorReason::FILE_ERROR));
  EXPECT_EQ(OnlyFile(history.directory), path);
  EXPECT_TRUE(history.ExpectRightStart(history.checkpoints).from_checkpoint);
  ASSERT_THAT(history.checkpoints.Write(*history.store, history.index, kBudget), IsOk());
  EXPECT_NE(OnlyFile(history.directory), path);
}

TEST(CheckpointPolicy, IsDueAfterEnoughChangesButNotTooSoon) {
  CheckpointPolicy policy;
  CheckpointPolicy::Facts facts;
  facts.nanos_since = 60 * kNanosPerSecond;
  EXPECT_FALSE(policy.Due(facts));
  facts.changed_runs = policy.max_changed_runs;
  EXPECT_TRUE(policy.Due(facts));
  facts.last_nanos = 20 * kNanosPerSecond;
  EXPECT_FALSE(policy.Due(facts));
  facts.nanos_since = -1;
  EXPECT_TRUE(policy.Due(facts));
  facts = {};
  facts.nanos_since = 60 * kNanosPerSecond;
  facts.revisions = policy.max_revisions;
  EXPECT_TRUE(policy.Due(facts));
  facts.revisions = 0;
  facts.full_load_nanos = policy.long_load_nanos;
  EXPECT_TRUE(policy.Due(facts));
  facts.nanos_since = policy.min_pause_nanos - 1;
  EXPECT_FALSE(policy.Due(facts));
}

TEST(CheckpointPolicy, BytesCountAndWorkOfAllKindsAddsUp) {
  CheckpointPolicy policy;
  CheckpointPolicy::Facts facts;
  facts.nanos_since = 60 * kNanosPerSecond;
  facts.changed_bytes = policy.max_changed_bytes - 1;
  EXPECT_FALSE(policy.Due(facts));
  facts.changed_bytes = policy.max_changed_bytes;
  EXPECT_TRUE(policy.Due(facts));
  facts.changed_bytes = policy.max_changed_bytes / 2;
  EXPECT_FALSE(policy.Due(facts));
  facts.changed_runs = policy.max_changed_runs / 2;
  EXPECT_TRUE(policy.Due(facts));
}

TEST(CheckpointPolicy, AFailedOneIsNotTriedAgainAtOnce) {
  CheckpointPolicy policy;
  CheckpointPolicy::Facts facts;
  facts.changed_runs = policy.max_changed_runs;
  facts.nanos_since = policy.min_pause_nanos;
  EXPECT_TRUE(policy.Due(facts));
  facts.failed = true;
  EXPECT_FALSE(policy.Due(facts));
  facts.nanos_since = policy.failed_pause_nanos;
  EXPECT_TRUE(policy.Due(facts));
}

TEST(IndexKeeper, WritesWhenItIsDueAndAtTheEnd) {
  History history(21, Scratch("keeper"));
  ManualClock clock(1'000 * kNanosPerSecond);
  RunIndex index;
  RunFollower follower(*history.store, index, kBudget);
  const int64_t listener = history.store->AddCommitListener(
      [&](storage::Revision revision, const auto& events) { follower.OnCommit(revision, events); });
  IndexKeeperOptions options{history.directory, {}, kBudget};
  options.policy.max_changed_runs = 3;
  IndexKeeper keeper(*history.store, index, follower, clock, options);
  ASSERT_THAT(keeper.Load(), IsOk());
  EXPECT_FALSE(keeper.Tick().written.has_value());
  for (int i = 0; i < 3; ++i) history.PutRun(fmt::format("{:032x}", i));
  EXPECT_TRUE(keeper.Tick().written.has_value());
  for (int i = 0; i < 3; ++i) history.PutRun(fmt::format("{:032x}", i));
  EXPECT_FALSE(keeper.Tick().written.has_value());
  EXPECT_EQ(index.revision(), history.store->GetSnapshot()->revision());
  clock.AdvanceNanos(options.policy.min_pause_nanos);
  EXPECT_TRUE(keeper.Tick().written.has_value());
  EXPECT_FALSE(keeper.Close().written.has_value());
  history.DoSomething();
  EXPECT_TRUE(keeper.Close().written.has_value());
  history.store->RemoveCommitListener(listener);
  const LoadReport report = history.ExpectRightStart(history.checkpoints);
  EXPECT_TRUE(report.from_checkpoint);
  EXPECT_EQ(report.runs_read_again, 0u);
}

// Format 1 had no column for parent runs.
TEST(CheckpointFormatTest, AnOlderFormatIsRefused) {
  std::string head = "CAIRNIDX" + std::string("\1\0\0\0", 4);
  const uint32_t crc = storage::Crc32c(head);
  for (int shift = 0; shift < 32; shift += 8) head += static_cast<char>(crc >> shift);
  StringSource source(head);
  SectionReader reader(source);
  const absl::Status refused = reader.Begin();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace cairn::index
