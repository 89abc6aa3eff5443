#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <system_error>
#include <vector>

#include "cairn/internal/audit.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/hash_chain.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "rocksdb/file_system.h"
#include "server/storage/audit_chain.h"
#include "server/storage/keyspace.h"
#include "server/storage/rocks_store.h"
#include "server/storage/synced_files.h"
#include "tests/testing/eventually.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/storage/scratch_directory.h"

namespace cairn::storage {
namespace {

using testing::IsOk;
using testing::StatusIs;

namespace fs = std::filesystem;

RocksOptions OptionsFor(const std::string& directory) {
  RocksOptions options;
  options.directory = directory;
  options.reserve_bytes = 0;
  return options;
}

// A store that is told how many bytes are free, and keeps 500 of them.
std::unique_ptr<KvStore> OpenWithReserveOf500(const std::string& directory,
                                              const std::atomic<int64_t>& free_bytes) {
  RocksOptions options = OptionsFor(directory);
  options.reserve_bytes = 500;
  options.free_bytes = [&free_bytes] { return free_bytes.load(); };
  return OpenRocksStore(options).value();
}

Key NumberKey(int64_t i) { return ExperimentKey(i); }

absl::Status Write(KvStore& store, int64_t i) {
  return store
      .CommitAndWait(WriteSet()
                         .PutRecord(NumberKey(i), std::string(100, 'x') + std::to_string(i))
                         .Emit("r", cairn::v1::Event::MODEL_CREATED)
                         .Audit(cairn::v1::Event::ALIAS_SET, "r", std::to_string(i)))
      .status();
}

// The audit has an entry for each of `count` writes, and its end is the last one's hash.
void ExpectChainOf(const KvStore& store, int64_t count) {
  std::string hash = ChainStart();
  int64_t entries = 0;
  const auto snapshot = store.GetSnapshot();
  ASSERT_THAT(snapshot->Scan(KeyRange::Prefix(AuditEntryPrefix()), ScanOrder::kAscending,
                             [&](std::string_view, const Record& record) {
                               internal::AuditLinkRecord link;
                               EXPECT_TRUE(link.ParseFromString(record.payload));
                               hash = ChainHash(hash, link.entry());
                               EXPECT_EQ(link.sha256(), hash);
                               ++entries;
                               return true;
                             }),
              IsOk());
  const auto end = ReadAuditEnd(*snapshot);
  ASSERT_THAT(end, IsOk());
  EXPECT_EQ(entries, count);
  EXPECT_EQ(end->sequence, count);
}

int64_t CountRecords(const KvStore& store) {
  int64_t count = 0;
  EXPECT_THAT(store.GetSnapshot()->Scan(KeyRange::Prefix(ExperimentPrefix()), ScanOrder::kAscending,
                                        [&count](std::string_view, const Record&) {
                                          ++count;
                                          return true;
                                        }),
              IsOk());
  return count;
}

std::map<std::string, uintmax_t> SizesIn(const std::string& directory) {
  std::map<std::string, uintmax_t> sizes;
  std::error_code gone;  // files may go while we look
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file(gone)) sizes[entry.path().string()] = entry.file_size(gone);
  }
  return sizes;
}

// What a process that dies now leaves behind: the files as they are, while the
// store is open. Copies again when RocksDB's threads changed something meanwhile.
void CopyAsLeftBehind(const std::string& from, const std::string& to) {
  std::map<std::string, uintmax_t> before, after;
  do {
    std::error_code error;
    fs::remove_all(to);
    before = SizesIn(from);
    fs::copy(from, to, fs::copy_options::recursive, error);
    after = SizesIn(from);
    if (error) after.clear();
  } while (before != after);
}

// Writes `count` records and leaves the files of a dead process in `directory`.
void WriteManyAndDie(const ScratchDirectory& scratch, const std::string& directory, int64_t count) {
  auto store = OpenRocksStore(OptionsFor(scratch.Join("alive")));
  ASSERT_THAT(store, IsOk());
  for (int64_t i = 0; i < count; ++i) ASSERT_THAT(Write(**store, i), IsOk());
  CopyAsLeftBehind(scratch.Join("alive"), directory);
}

std::string NewestLog(const std::string& directory) {
  std::string newest;
  for (const auto& entry : fs::directory_iterator(directory + "/kv")) {
    const std::string path = entry.path().string();
    if (entry.path().extension() == ".log" && path > newest) newest = path;
  }
  return newest;
}

// Where the zeros begin that follow the records of a log that is open.
size_t WrittenBytes(const std::string& log) { return log.find_last_not_of('\0') + 1; }

TEST(RocksDurability, EverythingAcknowledgedSurvivesADeath) {
  ScratchDirectory scratch;
  WriteManyAndDie(scratch, scratch.Join("dead"), 200);
  auto store = OpenRocksStore(OptionsFor(scratch.Join("dead")));
  ASSERT_THAT(store, IsOk());
  EXPECT_EQ((*store)->GetSnapshot()->revision(), 200);
  EXPECT_EQ(CountRecords(**store), 200);
  ExpectChainOf(**store, 200);
  int64_t events = 0;
  ASSERT_THAT((*store)->ScanEvents(1,
                                   [&events](const StoredEvent& event) {
                                     EXPECT_EQ(event.revision, ++events);
                                     return true;
                                   }),
              IsOk());
  EXPECT_EQ(events, 200);
}

constexpr char kWriterDirectory[] = "CAIRN_TEST_WRITER_DIRECTORY";
constexpr char kWriterPipe[] = "CAIRN_TEST_WRITER_PIPE";

// The body of the process that the next test kills; by itself it checks nothing.
TEST(RocksDurability, DISABLED_WriterProcess) {
  const char* directory = ::getenv(kWriterDirectory);
  const char* pipe = ::getenv(kWriterPipe);
  ASSERT_TRUE(directory != nullptr && pipe != nullptr);
  auto store = OpenRocksStore(OptionsFor(directory));
  ASSERT_THAT(store, IsOk());
  for (int64_t i = (*store)->GetSnapshot()->revision();; ++i) {
    ASSERT_THAT(Write(**store, i), IsOk());
    const int64_t acked = i + 1;
    if (::write(std::stoi(pipe), &acked, sizeof(acked)) < 0) return;
  }
}

pid_t StartWriter(const std::string& directory, int pipe_end) {
  const std::string pipe_text = std::to_string(pipe_end);
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::setenv(kWriterDirectory, directory.c_str(), 1);
  ::setenv(kWriterPipe, pipe_text.c_str(), 1);
  ::execl("/proc/self/exe", "writer", "--gtest_also_run_disabled_tests",
          "--gtest_filter=RocksDurability.DISABLED_WriterProcess", "--gtest_output=", nullptr);
  ::_exit(127);
}

TEST(RocksDurability, AKillAtAnyMomentLosesNothingAcknowledged) {
  ScratchDirectory scratch;
  for (int round = 0; round < 5; ++round) {
    int acks[2];
    ASSERT_EQ(::pipe(acks), 0);
    const pid_t child = StartWriter(scratch.path(), acks[1]);
    ASSERT_GT(child, 0);
    ::close(acks[1]);
    int64_t acked = 0;
    for (int i = 0; i < 50 + round * 37; ++i) {
      ASSERT_EQ(::read(acks[0], &acked, sizeof(acked)), static_cast<ssize_t>(sizeof(acked)));
    }
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    int64_t later = 0;
    while (::read(acks[0], &later, sizeof(later)) == static_cast<ssize_t>(sizeof(later))) {
      acked = later;
    }
    ::close(acks[0]);
    auto store = OpenRocksStore(OptionsFor(scratch.path()));
    ASSERT_THAT(store, IsOk());
    const Revision revision = (*store)->GetSnapshot()->revision();
    EXPECT_GE(revision, acked);
    EXPECT_LE(revision, acked + 1);  // the one that was under way
    EXPECT_EQ(CountRecords(**store), revision);
    ExpectChainOf(**store, revision);
  }
}

TEST(RocksDurability, AFlippedBitInTheMiddleOfTheLogIsRefused) {
  ScratchDirectory scratch;
  const std::string directory = scratch.Join("dead");
  WriteManyAndDie(scratch, directory, 300);
  const std::string log = NewestLog(directory);
  const std::string whole = ReadFile(log).value();
  std::string damaged = whole;
  damaged[WrittenBytes(whole) / 2] ^= 0x04;
  ASSERT_THAT(WriteFileAtomically(log, damaged), IsOk());
  const absl::Status status = OpenRocksStore(OptionsFor(directory)).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_TRUE(HasReason(status, ErrorReason::STORE_CORRUPT));
  ASSERT_THAT(WriteFileAtomically(log, whole), IsOk());
  auto store = OpenRocksStore(OptionsFor(directory));
  ASSERT_THAT(store, IsOk());  // the refusal changed nothing
  EXPECT_EQ(CountRecords(**store), 300);
}

TEST(RocksDurability, ACutOfWhatWasAcknowledgedIsRefused) {
  ScratchDirectory scratch;
  const std::string directory = scratch.Join("dead");
  WriteManyAndDie(scratch, directory, 300);
  const std::string log = NewestLog(directory);
  fs::resize_file(log, WrittenBytes(ReadFile(log).value()) - 10);
  const absl::Status status = OpenRocksStore(OptionsFor(directory)).status();
  EXPECT_TRUE(HasReason(status, ErrorReason::STORE_CORRUPT)) << status;
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("acknowledged data is missing"));
}

TEST(RocksDurability, ATornTailThatWasNeverAcknowledgedIsLeftOut) {
  ScratchDirectory scratch;
  const std::string directory = scratch.Join("dead");
  WriteManyAndDie(scratch, directory, 300);
  const std::string log = NewestLog(directory);
  const std::string whole = ReadFile(log).value();
  const size_t written = WrittenBytes(whole);
  std::string torn = whole;
  torn.replace(written, 100, whole.substr(0, 100));
  ASSERT_THAT(WriteFileAtomically(log, torn), IsOk());
  std::vector<std::string> warnings;
  RocksOptions options = OptionsFor(directory);
  options.on_warning = [&warnings](std::string_view line) { warnings.emplace_back(line); };
  auto store = OpenRocksStore(options);
  ASSERT_THAT(store, IsOk());
  EXPECT_THAT(warnings, ::testing::Contains(::testing::HasSubstr("is left out")));
  EXPECT_EQ((*store)->GetSnapshot()->revision(), 300);
  EXPECT_EQ(CountRecords(**store), 300);
  EXPECT_THAT(Write(**store, 1000), IsOk());
}

TEST(RocksDurability, ATornFirstRecordOfALogIsLeftOut) {
  for (const size_t kept : {size_t{3}, size_t{50}, size_t{100}}) {
    ScratchDirectory scratch;
    const std::string directory = scratch.Join("dead");
    WriteManyAndDie(scratch, directory, 1);
    const std::string log = NewestLog(directory);
    const std::string whole = ReadFile(log).value();
    std::string torn = whole.substr(0, kept);
    torn.resize(whole.size(), '\0');  // as a power cut leaves it, before the record was told of
    ASSERT_THAT(WriteFileAtomically(log, torn), IsOk());
    for (const std::string& copy : SyncedStatePaths(directory)) fs::remove(copy);
    for (int start = 0; start < 2; ++start) {
      auto store = OpenRocksStore(OptionsFor(directory));
      ASSERT_THAT(store, IsOk()) << kept << " bytes, start " << start;
      EXPECT_THAT(Write(**store, 7 + start), IsOk());
    }
  }
}

TEST(RocksDurability, AStoreThatEndsBeforeAKnownRevisionIsRefusedAndStaysAsItWas) {
  ScratchDirectory scratch;
  const std::string directory = scratch.Join("dead");
  WriteManyAndDie(scratch, directory, 20);
  RocksOptions options = OptionsFor(directory);
  options.known_revision = 21;
  options.known_from = "a checkpoint";
  const auto before = SizesIn(directory);
  const absl::Status status = OpenRocksStore(options).status();
  EXPECT_TRUE(HasReason(status, ErrorReason::STORE_CORRUPT)) << status;
  EXPECT_EQ(SizesIn(directory), before);
  options.known_revision = 20;
  EXPECT_THAT(OpenRocksStore(options), IsOk());
}

TEST(RocksDurability, BelowTheReserveWritesAreRefusedAndReadsGoOn) {
  std::atomic<int64_t> free_bytes = 1000;
  ScratchDirectory scratch;
  auto store = OpenWithReserveOf500(scratch.path(), free_bytes);
  ASSERT_THAT(Write(*store, 1), IsOk());
  free_bytes = 499;
  const absl::Status full = Write(*store, 2);
  EXPECT_THAT(full, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_TRUE(HasReason(full, ErrorReason::DISK_FULL));
  EXPECT_TRUE(full.GetPayload("type.googleapis.com/google.rpc.RetryInfo").has_value());
  EXPECT_TRUE(HasReason(store->Health(), ErrorReason::DISK_FULL));
  EXPECT_EQ(CountRecords(*store), 1);
  free_bytes = 1000;
  EXPECT_THAT(Write(*store, 3), IsOk());
  EXPECT_THAT(store->Health(), IsOk());
  EXPECT_EQ(store->GetSnapshot()->revision(), 2);
}

TEST(RocksDurability, BelowTheReserveWhatFreesSpaceIsWrittenDownToAQuarterOfIt) {
  std::atomic<int64_t> free_bytes = 1000;
  ScratchDirectory scratch;
  auto store = OpenWithReserveOf500(scratch.path(), free_bytes);
  const auto free_record = [&store](int64_t i) {
    return store
        ->CommitAndWait(
            WriteSet().Delete(NumberKey(i)).Emit("r", cairn::v1::Event::MODEL_CREATED).FreesSpace())
        .status();
  };
  for (int64_t i = 1; i <= 4; ++i) ASSERT_THAT(Write(*store, i), IsOk());
  free_bytes = 499;
  EXPECT_THAT(free_record(1), IsOk()) << "also when nothing was refused before";
  EXPECT_TRUE(HasReason(Write(*store, 5), ErrorReason::DISK_FULL));
  EXPECT_THAT(free_record(2), IsOk());
  EXPECT_TRUE(HasReason(store->Health(), ErrorReason::DISK_FULL));
  EXPECT_TRUE(HasReason(Write(*store, 5), ErrorReason::DISK_FULL));
  free_bytes = 124;
  const absl::Status full = free_record(3);
  EXPECT_TRUE(HasReason(full, ErrorReason::DISK_FULL));
  EXPECT_TRUE(full.GetPayload("type.googleapis.com/google.rpc.RetryInfo").has_value());
  free_bytes = 125;
  EXPECT_THAT(free_record(3), IsOk());
  EXPECT_EQ(CountRecords(*store), 1);
  free_bytes = 500;
  EXPECT_THAT(Write(*store, 5), IsOk());
  EXPECT_THAT(store->Health(), IsOk());
  EXPECT_EQ(store->GetSnapshot()->revision(), 8);
}

bool HasTables(const std::string& directory) {
  const fs::directory_iterator files(directory + "/kv");
  return std::any_of(fs::begin(files), fs::end(files), [](const fs::directory_entry& file) {
    return file.path().extension() == ".sst";
  });
}

TEST(RocksDurability, WhatFreesSpaceWaitsForTheRoomThatEarlierDeletionsGiveBack) {
  ScratchDirectory scratch;
  std::atomic<int64_t> free_bytes = 400;  // below the reserve, so that a start flushes nothing
  RocksOptions options = OptionsFor(scratch.path());
  options.reserve_bytes = 500;
  options.free_bytes = [&] { return HasTables(scratch.path()) ? int64_t{400} : free_bytes.load(); };
  auto store = OpenRocksStore(options).value();
  free_bytes = 600;
  for (int64_t i = 1; i <= 2; ++i) ASSERT_THAT(Write(*store, i), IsOk());
  const auto free_record = [&store](int64_t i) {
    return store->CommitAndWait(WriteSet().Delete(NumberKey(i)).FreesSpace()).status();
  };
  ASSERT_THAT(free_record(1), IsOk());
  ASSERT_FALSE(HasTables(scratch.path()));
  free_bytes = 0;  // until the reclaimer has written the mark
  EXPECT_THAT(free_record(2), IsOk());
  EXPECT_TRUE(HasTables(scratch.path()));
}

int64_t CountTables(const std::string& directory) {
  int64_t tables = 0;
  for (const auto& [path, size] : SizesIn(directory))
    tables += fs::path(path).extension() == ".sst";
  return tables;
}

// A database has a new one each time it is opened.
std::string ManifestOf(const std::string& directory) {
  for (const auto& [path, size] : SizesIn(directory)) {
    if (path.find("/MANIFEST-") != std::string::npos) return path;
  }
  return "";
}

TEST(RocksDurability, ACompactionThatFindsNoRoomStopsNothingElse) {
  ScratchDirectory scratch;
  RocksOptions options = OptionsFor(scratch.path());
  options.reserve_bytes = 800;
  options.write_buffer_bytes = 64 << 10;
  std::atomic<int64_t> free_bytes = 900;  // enough for commits, and for no file of a compaction
  options.free_bytes = [&free_bytes] { return free_bytes.load(); };
  const auto store = OpenRocksStore(options).value();
  const std::string manifest = ManifestOf(scratch.path());
  std::mt19937_64 random(7);
  for (int64_t i = 1; i <= 200; ++i) {
    std::string noise(8'000, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    ASSERT_THAT(store->CommitAndWait(WriteSet().PutRecord(NumberKey(1 + i * 71 % 200), noise)),
                IsOk())
        << i;
  }
  // More than RocksDB leaves where it may compact, and none of a compaction under way.
  const int64_t tables = CountTables(scratch.path());
  EXPECT_GT(tables, 15);
  free_bytes = 400;  // for what frees space only
  EXPECT_THAT(store->CommitAndWait(WriteSet().Delete(NumberKey(1)).FreesSpace()), IsOk());
  EXPECT_THAT(Write(*store, 1), StatusIs(absl::StatusCode::kResourceExhausted));
  free_bytes = int64_t{1} << 30;
  ASSERT_THAT(Write(*store, 1), IsOk());
  EXPECT_TRUE(testing::Eventually([&] { return CountTables(scratch.path()) <= tables / 2; }));
  EXPECT_EQ(CountRecords(*store), 200);
  EXPECT_EQ(ManifestOf(scratch.path()), manifest) << "it was opened again";
}

TEST(RocksDurability, WhatFreesSpaceIsNotRefusedTogetherWithWhatDoesNot) {
  std::atomic<int64_t> free_bytes = 1000;
  ScratchDirectory scratch;
  auto store = OpenWithReserveOf500(scratch.path(), free_bytes);
  constexpr int kSets = 200;
  for (int64_t i = 0; i < kSets; ++i) ASSERT_THAT(Write(*store, i), IsOk());
  free_bytes = 499;
  std::atomic<int> freed = 0, refused = 0;
  for (int64_t i = 0; i < kSets; ++i) {  // many wait at once, in turn
    WriteSet set;
    if (i % 2 == 0) {
      set.Delete(NumberKey(i)).FreesSpace();
    } else {
      set.PutRecord(NumberKey(i), "new");
    }
    store->Commit(std::move(set), [&](const CommitResult& result) {
      (result.ok() ? freed : refused).fetch_add(1);
    });
  }
  store.reset();  // finishes them
  EXPECT_EQ(freed.load(), kSets / 2);
  EXPECT_EQ(refused.load(), kSets / 2);
}

// A file layer whose logs fail as told.
class FailingFiles final : public rocksdb::FileSystemWrapper {
 public:
  enum class Fault { kNone, kNoSpaceHalfWritten, kNoSpaceOnSync, kError };

  FailingFiles() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "FailingFiles"; }

  std::atomic<Fault> fault = Fault::kNone;

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override {
    auto status = FileSystemWrapper::NewWritableFile(name, options, result, debug);
    if (status.ok() && name.size() > 4 && name.substr(name.size() - 4) == ".log") {
      *result = std::make_unique<File>(std::move(*result), *this);
    }
    return status;
  }

 private:
  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(std::unique_ptr<rocksdb::FSWritableFile>&& file, FailingFiles& files)
        : FSWritableFileOwnerWrapper(std::move(file)), files_(files) {}

    using FSWritableFileOwnerWrapper::Append;
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
      switch (files_.fault.load()) {
        case Fault::kNoSpaceHalfWritten: {
          const rocksdb::Slice half(data.data(), data.size() / 2);
          FSWritableFileOwnerWrapper::Append(half, options, debug).PermitUncheckedError();
          return rocksdb::IOStatus::NoSpace("test");
        }
        case Fault::kError:
          return rocksdb::IOStatus::IOError("test");
        default:
          return FSWritableFileOwnerWrapper::Append(data, options, debug);
      }
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
      if (files_.fault == Fault::kNoSpaceOnSync) return rocksdb::IOStatus::NoSpace("test");
      return FSWritableFileOwnerWrapper::Sync(options, debug);
    }

   private:
    FailingFiles& files_;
  };
};

class RocksFaults : public ::testing::TestWithParam<FailingFiles::Fault> {
 protected:
  ScratchDirectory scratch_;
  std::shared_ptr<FailingFiles> files_ = std::make_shared<FailingFiles>();
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(files_);
};

TEST_P(RocksFaults, AFullDiskPausesWritesAndNothingIsLostAfterwards) {
  for (const int64_t before : {int64_t{0}, int64_t{5}}) {
    const std::string directory = scratch_.Join(std::to_string(before));
    RocksOptions options = OptionsFor(directory);
    options.env = env_.get();
    auto store = OpenRocksStore(options).value();
    for (int64_t i = 0; i < before; ++i) ASSERT_THAT(Write(*store, i), IsOk());
    int64_t present = before;
    for (int round = 0; round < 3; ++round) {
      files_->fault = GetParam();
      const absl::Status first = Write(*store, 1'000 + round);
      EXPECT_TRUE(HasReason(first, ErrorReason::STORE_UNAVAILABLE)) << first;
      EXPECT_TRUE(HasReason(store->Health(), ErrorReason::DISK_FULL)) << store->Health();
      EXPECT_EQ(CountRecords(*store), present);
      files_->fault = FailingFiles::Fault::kNone;
      const absl::Status again = Write(*store, 100 + round);
      ASSERT_THAT(again, IsOk());
      EXPECT_THAT(store->Health(), IsOk());
      // The write of unknown outcome is there or not; now it is known which.
      present = CountRecords(*store);
      EXPECT_TRUE(store->GetSnapshot()->Get(NumberKey(100 + round))->has_value());
    }
    const Revision revision = store->GetSnapshot()->revision();
    EXPECT_EQ(revision, present);
    EXPECT_GE(present, before + 3);
    CopyAsLeftBehind(directory, directory + ".dead");
    auto after = OpenRocksStore(OptionsFor(directory + ".dead"));
    ASSERT_THAT(after, IsOk());
    EXPECT_EQ(CountRecords(**after), present);
    ExpectChainOf(**after, present);
    EXPECT_EQ((*after)->GetSnapshot()->revision(), revision);
  }
}

INSTANTIATE_TEST_SUITE_P(NoSpace, RocksFaults,
                         ::testing::Values(FailingFiles::Fault::kNoSpaceHalfWritten,
                                           FailingFiles::Fault::kNoSpaceOnSync),
                         [](const auto& test) {
                           return test.param == FailingFiles::Fault::kNoSpaceOnSync ? "OnSync"
                                                                                    : "HalfWritten";
                         });

TEST_P(RocksFaults, AnUnknownOutcomeStopsTheCommitterUntilReopened) {
  RocksOptions options = OptionsFor(scratch_.path());
  options.env = env_.get();
  {
    auto store = OpenRocksStore(options).value();
    ASSERT_THAT(Write(*store, 1), IsOk());
    files_->fault = FailingFiles::Fault::kError;
    EXPECT_TRUE(HasReason(Write(*store, 2), ErrorReason::STORE_UNAVAILABLE));
    files_->fault = FailingFiles::Fault::kNone;
    const absl::Status later = Write(*store, 3);
    EXPECT_THAT(later, StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_TRUE(HasReason(later, ErrorReason::STORE_UNAVAILABLE));
    EXPECT_THAT(store->Health(), StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_EQ(CountRecords(*store), 1);
  }
  auto store = OpenRocksStore(options).value();
  EXPECT_EQ(CountRecords(*store), 1);
  EXPECT_THAT(Write(*store, 4), IsOk());
  ExpectChainOf(*store, 2);
}

}  // namespace
}  // namespace cairn::storage
