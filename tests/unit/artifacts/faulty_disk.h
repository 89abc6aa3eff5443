#ifndef CAIRN_TESTS_UNIT_ARTIFACTS_FAULTY_DISK_H_
#define CAIRN_TESTS_UNIT_ARTIFACTS_FAULTY_DISK_H_

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/mutex.h"
#include "server/artifacts/pack_io.h"
#include "tests/unit/storage/forwarding_store.h"

namespace cairn::artifacts {

// A disk whose calls fail as told, and which knows what a power loss leaves of its files.
//
// Every call is a step. A sync that fails drops what was written since the last one, and says
// so once: the next is OK, and readers see the dropped bytes until the power goes, as with
// the page cache of Linux. A truncation is durable with the next sync, a name with that of
// its directory.
class FaultyDisk final : public PackIo {
 public:
  // What happens at the step that was chosen.
  enum class Fault {
    kError,         // EIO, this once
    kWriteError,    // the same where reads are no steps and never fail
    kNoSpace,       // ENOSPC, this once; half of a write is done
    kPowerFailure,  // nothing is done by this step or a later one
  };
  // Which of the changes that were never synced a power loss leaves.
  enum class Survivors { kNone, kAll, kSome };

  // The step `number` from now on, from 0, meets `fault`.
  void FailStep(int number, Fault fault) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    left_ = number;
    fault_ = fault;
    met_ = false;
  }

  // Whether the fault was met.
  bool met() const CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    return met_;
  }

  // Takes a step: the fault that it meets.
  std::optional<Fault> Step() CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    if (met_ && fault_ == Fault::kPowerFailure) return fault_;
    if (met_ || left_ < 0 || left_-- > 0) return std::nullopt;
    met_ = true;
    return fault_;
  }

  // Leaves the files as the power loss does, and goes on without faults. Nothing is open.
  void Restart(Survivors survivors, uint64_t seed) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    std::mt19937_64 random(seed);
    for (auto& [path, file] : files_) {
      const auto survives = [&] {
        return survivors == Survivors::kAll || (survivors == Survivors::kSome && random() % 2 == 0);
      };
      if (!file.has_name && !survives()) {
        std::filesystem::remove(path);
        continue;
      }
      for (const Change& change : file.unsynced) {
        if (survives()) Apply(change, file.durable);
      }
      std::ofstream(path, std::ios::binary | std::ios::trunc) << file.durable;
    }
    files_.clear();
    paths_.clear();
    left_ = -1;
    met_ = false;
  }

  int Open(const std::string& path, int flags) override CAIRN_EXCLUDES(mutex_) {
    if (const auto fault = Step()) return Fail(*fault);
    const int fd = PackIo::Open(path, flags);
    if (fd < 0) return fd;
    MutexLock lock(&mutex_);
    paths_[fd] = path;
    const bool is_new = (flags & O_CREAT) != 0;
    if (!files_.contains(path)) {
      files_[path] = {is_new ? "" : ReadFile(path).value(), !is_new, {}};
    }
    return fd;
  }

  ssize_t Read(int fd, char* buffer, size_t size, int64_t offset) override {
    if (!reads_are_safe()) {
      if (const auto fault = Step()) return Fail(*fault);
    }
    return PackIo::Read(fd, buffer, size, offset);
  }

  ssize_t Write(int fd, const char* bytes, size_t size, int64_t offset) override {
    const auto fault = Step();
    if (fault.has_value() && *fault != Fault::kNoSpace) return Fail(*fault);
    const size_t done = fault.has_value() ? size / 2 : size;
    PackIo::Write(fd, bytes, done, offset);
    Note(fd, {std::string(bytes, done), offset});
    return fault.has_value() ? Fail(*fault) : static_cast<ssize_t>(done);
  }

  int Sync(int fd) override CAIRN_EXCLUDES(mutex_) {
    const auto fault = Step();
    MutexLock lock(&mutex_);
    File& file = files_[paths_[fd]];
    if (!fault.has_value()) {
      for (const Change& change : file.unsynced) Apply(change, file.durable);
    }
    if (fault != Fault::kPowerFailure) file.unsynced.clear();
    return fault.has_value() ? Fail(*fault) : 0;
  }

  int Truncate(int fd, int64_t size) override {
    if (const auto fault = Step()) return Fail(*fault);
    Note(fd, {std::nullopt, size});
    return PackIo::Truncate(fd, size);
  }

  int Unlink(const std::string& path) override CAIRN_EXCLUDES(mutex_) {
    if (const auto fault = Step()) return Fail(*fault);
    MutexLock lock(&mutex_);
    files_.erase(path);
    return PackIo::Unlink(path);
  }

  absl::Status SyncDirectory(const std::string& path) override CAIRN_EXCLUDES(mutex_) {
    if (const auto fault = Step()) {
      Fail(*fault);
      return FileError(errno, "sync", path);
    }
    MutexLock lock(&mutex_);
    for (auto& [name, file] : files_) file.has_name = true;
    return absl::OkStatus();
  }

 private:
  // Bytes at an offset, or without bytes the new size.
  struct Change {
    std::optional<std::string> bytes;
    int64_t offset = 0;
  };
  struct File {
    std::string durable;
    bool has_name = false;  // durably
    std::vector<Change> unsynced;
  };

  bool reads_are_safe() const CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    return fault_ == Fault::kWriteError;
  }

  static int Fail(Fault fault) {
    errno = fault == Fault::kNoSpace ? ENOSPC : EIO;
    return -1;
  }

  static void Apply(const Change& change, std::string& content) {
    const auto offset = static_cast<size_t>(change.offset);
    if (!change.bytes.has_value()) return content.resize(offset);
    content.resize(std::max(content.size(), offset + change.bytes->size()));
    content.replace(offset, change.bytes->size(), *change.bytes);
  }

  void Note(int fd, Change change) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    files_[paths_[fd]].unsynced.push_back(std::move(change));
  }

  mutable Mutex mutex_;
  int left_ CAIRN_GUARDED_BY(mutex_) = -1;  // steps before the fault
  Fault fault_ CAIRN_GUARDED_BY(mutex_) = Fault::kError;
  bool met_ CAIRN_GUARDED_BY(mutex_) = false;
  std::map<std::string, File> files_ CAIRN_GUARDED_BY(mutex_);
  std::map<int, std::string> paths_ CAIRN_GUARDED_BY(mutex_);
};

// A store on the same disk: each of its commits is a step, too, and durable when it is
// answered.
class StoreOnFaultyDisk final : public storage::ForwardingStore {
 public:
  StoreOnFaultyDisk(storage::KvStore& store, FaultyDisk& disk)
      : ForwardingStore(store), disk_(disk) {}

  void Commit(storage::WriteSet set, storage::CommitCallback done) override {
    const auto fault = disk_.Step();
    if (!fault.has_value()) return ForwardingStore::Commit(std::move(set), std::move(done));
    if (*fault == FaultyDisk::Fault::kPowerFailure) return done(absl::UnavailableError("dark"));
    done(Error(absl::StatusCode::kResourceExhausted, ErrorReason::DISK_FULL, "no room").ToStatus());
  }

 private:
  FaultyDisk& disk_;
};

}  // namespace cairn::artifacts

#endif  // CAIRN_TESTS_UNIT_ARTIFACTS_FAULTY_DISK_H_
