// Moments at which a machine or a process may stop: whatever a store's files are then, it opens,
// with everything that was acknowledged. Also a directory that is copied while it is written to.
//
// Short here; CAIRN_MOMENTS=10000 is the long form.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/mutex.h"
#include "rocksdb/env.h"
#include "rocksdb/file_system.h"
#include "server/storage/keyspace.h"
#include "server/storage/rocks_store.h"
#include "server/storage/synced_files.h"
#include "tests/fault/directory_image.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/storage/scratch_directory.h"

namespace cairn::storage {
namespace {

using fault::DirectoryImage;
using testing::IsOk;

// A file system that remembers how much of each file was synced, and calls back before or after one
// of its operations, while nobody else writes.
class MomentFiles final : public rocksdb::FileSystemWrapper {
 public:
  MomentFiles() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "MomentFiles"; }

  // Calls `look` when so many more operations began or ended, and waits until it was called.
  void LookAfter(int64_t steps, std::function<void()> look) {
    std::unique_lock<std::mutex> lock(writing_);
    steps_left_ = steps;
    look_ = std::move(look);
    looked_.wait(lock, [this] { return look_ == nullptr; });
  }

  // The same without waiting; CancelLook says whether there were fewer operations.
  void LookLater(int64_t steps, std::function<void()> look) {
    const std::lock_guard<std::mutex> lock(writing_);
    steps_left_ = steps;
    look_ = std::move(look);
  }
  bool CancelLook() {
    const std::lock_guard<std::mutex> lock(writing_);
    return std::exchange(look_, nullptr) != nullptr;
  }

  // By path. A file that was not written through this object is synced whole. For `look`.
  std::map<std::string, uint64_t> synced;

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override {
    const Operation operation(*this);
    auto status = FileSystemWrapper::NewWritableFile(name, options, result, debug);
    if (!status.ok()) return status;
    synced[name] = 0;
    *result = std::make_unique<File>(std::move(*result), name, *this);
    return status;
  }
  rocksdb::IOStatus ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* result,
                                       rocksdb::IODebugContext* debug) override {
    const Operation operation(*this);
    auto status = FileSystemWrapper::ReopenWritableFile(name, options, result, debug);
    if (status.ok()) *result = std::make_unique<File>(std::move(*result), name, *this);
    return status;
  }
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
    const Operation operation(*this);
    synced.erase(name);
    return FileSystemWrapper::DeleteFile(name, options, debug);
  }
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
    const Operation operation(*this);
    const auto node = synced.extract(from);
    if (!node.empty()) synced[to] = node.mapped();
    return FileSystemWrapper::RenameFile(from, to, options, debug);
  }

 private:
  class Operation {
   public:
    explicit Operation(MomentFiles& files) : files_(files), lock_(files.writing_) { files_.Step(); }
    ~Operation() { files_.Step(); }

   private:
    MomentFiles& files_;
    const std::lock_guard<std::mutex> lock_;
  };

  void Step() {
    if (look_ == nullptr || --steps_left_ > 0) return;
    look_();
    look_ = nullptr;
    looked_.notify_all();
  }

  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(std::unique_ptr<rocksdb::FSWritableFile>&& file, std::string name, MomentFiles& files)
        : FSWritableFileOwnerWrapper(std::move(file)), name_(std::move(name)), files_(files) {}

    using FSWritableFileOwnerWrapper::Append;
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
      const Operation operation(files_);
      size_ += data.size();
      return FSWritableFileOwnerWrapper::Append(data, options, debug);
    }
    rocksdb::IOStatus Truncate(uint64_t size, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
      const Operation operation(files_);
      return FSWritableFileOwnerWrapper::Truncate(size, options, debug);
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
      const Operation operation(files_);
      const auto found = files_.synced.find(name_);
      if (found != files_.synced.end()) found->second = size_;
      return FSWritableFileOwnerWrapper::Sync(options, debug);
    }
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* debug) override {
      return Sync(options, debug);
    }

   private:
    const std::string name_;
    MomentFiles& files_;
    uint64_t size_ = 0;
  };

  std::mutex writing_;
  std::condition_variable looked_;
  int64_t steps_left_ = 0;
  std::function<void()> look_;
};

RocksOptions SmallOptions(const std::string& directory) {
  RocksOptions options;
  options.directory = directory;
  options.reserve_bytes = 0;
  options.write_buffer_bytes = 64 << 10;
  options.block_cache_bytes = 1 << 20;
  return options;
}

// A store that a thread writes to until the end of the test.
class StoreMomentsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    RocksOptions options = SmallOptions(scratch_.Join("alive"));
    options.write_buffer_bytes = write_buffer_bytes_;
    options.env = env_.get();
    auto store = OpenRocksStore(std::move(options));
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
    writer_ = std::thread([this] { Write(); });
    WaitFor(20);
  }
  void TearDown() override {
    ended_ = true;
    Allow(kAllCommits);
    if (writer_.joinable()) writer_.join();
  }

  void Write() {
    std::mt19937_64 random(7);
    for (int64_t i = 1; !ended_; ++i) {
      {
        MutexLock lock(&mutex_);
        while (i > allowed_) changed_.Wait(&mutex_);
      }
      if (ended_) return;
      // Ten keys over and over, so that the store stays small.
      const auto status =
          store_
              ->CommitAndWait(
                  WriteSet()
                      .PutRecord(ExperimentKey(i % 10), std::string(random() % largest_value_, 'x'))
                      .Emit("experiments/1", cairn::v1::Event::EXPERIMENT_UPDATED)
                      .TrimEventsBefore(i % 500 == 0 ? i - 100 : 0))
              .status();
      ASSERT_THAT(status, IsOk());
      MutexLock lock(&mutex_);
      acknowledged_ = i;
      changed_.SignalAll();
    }
  }

  std::string Alive() const { return scratch_.Join("alive"); }

  // Opens `image` somewhere; it must be whole and have the revision `at_least` or a later one.
  void MustOpen(const DirectoryImage& image, Revision at_least, const std::string& what) {
    const std::string directory = scratch_.Join("moment");
    image.WriteTo(directory);
    auto store = OpenRocksStore(SmallOptions(directory));
    ASSERT_THAT(store, IsOk()) << what;
    EXPECT_GE((*store)->GetSnapshot()->revision(), at_least) << what;
    const absl::Status more =
        (*store)->CommitAndWait(WriteSet().PutRecord(ExperimentKey(1), "more")).status();
    EXPECT_THAT(more, IsOk()) << what;
  }

  int64_t write_buffer_bytes_ = 64 << 10;
  size_t largest_value_ = 9000;
  ScratchDirectory scratch_;
  std::shared_ptr<MomentFiles> files_ = std::make_shared<MomentFiles>();
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(files_);
  std::unique_ptr<KvStore> store_;
  std::thread writer_;
  static constexpr int64_t kAllCommits = std::numeric_limits<int64_t>::max();

  // Lets the writer make this many commits in all, for tests that keep a pace.
  void Allow(int64_t commits) {
    MutexLock lock(&mutex_);
    allowed_ = commits;
    changed_.SignalAll();
  }
  // Returns once so many commits were acknowledged.
  void WaitFor(int64_t commits) {
    MutexLock lock(&mutex_);
    while (acknowledged_ < commits) changed_.Wait(&mutex_);
  }
  int64_t AcknowledgedCommits() {
    MutexLock lock(&mutex_);
    return acknowledged_;
  }

  std::atomic<bool> ended_{false};
  Mutex mutex_;
  CondVar changed_;
  int64_t acknowledged_ CAIRN_GUARDED_BY(mutex_) = 0;
  int64_t allowed_ CAIRN_GUARDED_BY(mutex_) = kAllCommits;
};

class CopiedStoreTest : public StoreMomentsTest {
 protected:
  CopiedStoreTest() {
    write_buffer_bytes_ = 4 << 20;
    largest_value_ = 200;
  }
};

TEST_F(StoreMomentsTest, AKillAtAnyMomentLeavesAStoreThatOpens) {
  const int moments = fault::RoundsFrom("CAIRN_MOMENTS", 60);
  std::mt19937_64 random(20261127);
  for (int i = 0; i < moments && !HasFailure(); ++i) {
    DirectoryImage image;
    int64_t acknowledged = 0;
    files_->LookAfter(static_cast<int64_t>(random() % 40), [&] {
      acknowledged = AcknowledgedCommits();
      image = DirectoryImage::Of(Alive());
    });
    MustOpen(image, acknowledged, fmt::format("kill {}", i));
  }
}

// What was not synced is there in part, or not at all, or as zeros; the record of what was synced
// is one of those since it was synced itself.
TEST_F(StoreMomentsTest, APowerCutAtAnyMomentLeavesAStoreThatOpens) {
  const int moments = fault::RoundsFrom("CAIRN_MOMENTS", 60);
  std::mt19937_64 random(20261128);
  std::map<std::string, std::string> earlier;  // copies of the record, perhaps not written back
  for (int i = 0; i < moments && !HasFailure(); ++i) {
    DirectoryImage image;
    int64_t acknowledged = 0;
    files_->LookAfter(static_cast<int64_t>(random() % 40), [&] {
      acknowledged = AcknowledgedCommits();
      image = DirectoryImage::Of(Alive());
      for (auto& [name, bytes] : image.files()) {
        const auto synced = files_->synced.find(Alive() + "/" + name);
        if (synced == files_->synced.end() || synced->second >= bytes.size()) continue;
        const size_t kept = synced->second + random() % (bytes.size() - synced->second + 1);
        if (random() % 3 == 0) {
          std::fill(bytes.begin() + static_cast<ptrdiff_t>(kept), bytes.end(), '\0');
        } else {
          bytes.resize(kept);
        }
      }
    });
    for (const std::string name : {"kv.synced", "kv/SYNCED"}) {
      std::string& now = image.files()[name];
      if (random() % 2 == 0) earlier[name] = now;
      if (!earlier[name].empty() && random() % 2 == 0) now = earlier[name];
      if (random() % 20 == 0) image.files().erase(name);
    }
    MustOpen(image, acknowledged, fmt::format("power cut {}", i));
  }
}

// Files are read one after the other, so they are of different moments. A copy that missed a file
// because it came or went meanwhile is no store and may say so; with larger buffers that is seldom.
TEST_F(CopiedStoreTest, ADirectoryCopiedWhileItIsWrittenToOpens) {
  const int moments = fault::RoundsFrom("CAIRN_MOMENTS", 40);
  int opened = 0;
  Allow(0);
  for (int i = 0; i < moments && !HasFailure(); ++i) {
    const std::string copy = scratch_.Join("copy");
    Allow(AcknowledgedCommits() + 40);  // they are written meanwhile
    DirectoryImage::Of(Alive()).WriteTo(copy);
    auto store = OpenRocksStore(SmallOptions(copy));
    if (store.ok()) {
      ++opened;
      continue;
    }
    std::printf("%s\n", std::string(store.status().message()).c_str());
  }
  RecordProperty("opened", opened);
  EXPECT_GE(opened, moments * 9 / 10);
}

// Every record that Write() writes, and the revision.
std::string ContentOf(const KvStore& store) {
  const auto snapshot = store.GetSnapshot();
  std::string content = fmt::format("revision {}", snapshot->revision());
  for (int64_t i = 0; i < 10; ++i) {
    const auto record = snapshot->Get(ExperimentKey(i));
    content += !record.ok() ? record.status().ToString()
               : !record->has_value()
                   ? " none"
                   : fmt::format(" {}:{}", (*record)->mod_revision, (*record)->payload.size());
  }
  return content;
}

// Copies whose files are of one moment and whose record of what was synced is of another.
class EarlierCopyTest : public CopiedStoreTest {
 protected:
  // What is there after so many more commits, all of one moment: RocksDB may still move files when
  // the last commit is acknowledged, so it is looked at until nothing changes any more.
  DirectoryImage After(int64_t commits) {
    const int64_t wanted = AcknowledgedCommits() + commits;
    Allow(wanted);
    WaitFor(wanted);
    DirectoryImage image = DirectoryImage::Of(Alive());
    for (DirectoryImage next = DirectoryImage::Of(Alive()); next != image;) {
      image = std::exchange(next, DirectoryImage::Of(Alive()));
    }
    return image;
  }

  bool Opens(const DirectoryImage& image) {
    const std::string directory = scratch_.Join("probe");
    image.WriteTo(directory);
    return OpenRocksStore(SmallOptions(directory)).ok();
  }

  static DirectoryImage WithRecordsOf(DirectoryImage image, const DirectoryImage& other) {
    for (const std::string name : {"kv.synced", "kv/SYNCED"}) {
      image.files()[name] = other.files().at(name);
    }
    return image;
  }

  // Opens `copy`; `killed` gets what stands there after `steps` operations, or stays empty if there
  // are fewer. The content of the store.
  std::string OpenKilledAfter(int64_t steps, const DirectoryImage& copy, DirectoryImage& killed) {
    const std::string directory = scratch_.Join("first");
    copy.WriteTo(directory);
    const auto files = std::make_shared<MomentFiles>();
    const auto env = rocksdb::NewCompositeEnv(files);
    files->LookLater(steps, [&] { killed = DirectoryImage::Of(directory); });
    RocksOptions options = SmallOptions(directory);
    options.env = env.get();
    auto store = OpenRocksStore(std::move(options));
    files->CancelLook();
    EXPECT_THAT(store, IsOk());
    return store.ok() ? ContentOf(**store) : "";
  }

  void MustHold(const DirectoryImage& image, const std::string& content, const std::string& what) {
    const std::string directory = scratch_.Join("second");
    image.WriteTo(directory);
    const auto store = OpenRocksStore(SmallOptions(directory));
    ASSERT_THAT(store, IsOk()) << what;
    EXPECT_EQ(ContentOf(**store), content) << what;
  }

  // Kills the first open of `copy` at each of its operations; in the short form at some of those
  // after RocksDB has read everything. The two copies of the record are written one after the
  // other: either may be as it was.
  void KillItsFirstOpenEverywhere(const DirectoryImage& copy) {
    int different = 0;
    DirectoryImage before;
    const int64_t stride = fault::RoundsFrom("CAIRN_MOMENTS", 60) > 60 ? 1 : 7;
    for (int64_t step = 1; !HasFailure(); step += step < 30 ? 1 : stride) {
      DirectoryImage killed;
      const std::string content = OpenKilledAfter(step, copy, killed);
      if (killed.files().empty()) break;
      if (killed == before) continue;
      ++different;
      MustHold(killed, content, fmt::format("killed at {}", step));
      for (const std::string name : {"kv.synced", "kv/SYNCED"}) {
        DirectoryImage half = killed;
        half.files()[name] = copy.files().at(name);
        if (half != killed) {
          MustHold(half, content, fmt::format("killed at {}, {} as before", step, name));
        }
      }
      before = std::move(killed);
    }
    EXPECT_GE(different, 5);
    RecordProperty("moments", different);
  }
};

TEST_F(EarlierCopyTest, AKillInTheFirstOpenOfACopyWithALaterRecordLeavesAStoreThatOpens) {
  // A record that names a log that the copy lacks is refused, and rightly so: then the store went
  // on to another log between the two moments, and they are taken anew.
  DirectoryImage earlier;
  DirectoryImage later;
  bool fits = false;
  for (int i = 0; i < 100 && !fits; ++i) {
    earlier = After(5);
    later = After(3);
    fits = Opens(WithRecordsOf(earlier, later));
  }
  ASSERT_TRUE(fits);
  KillItsFirstOpenEverywhere(WithRecordsOf(earlier, later));
}

TEST_F(EarlierCopyTest, AKillInTheFirstOpenOfACopyWithAnEarlierRecordLeavesAStoreThatOpens) {
  const DirectoryImage earlier = After(30);
  KillItsFirstOpenEverywhere(WithRecordsOf(After(30), earlier));
}

}  // namespace
}  // namespace cairn::storage
