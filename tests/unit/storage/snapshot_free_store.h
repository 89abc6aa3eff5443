#ifndef CAIRN_TESTS_UNIT_STORAGE_SNAPSHOT_FREE_STORE_H_
#define CAIRN_TESTS_UNIT_STORAGE_SNAPSHOT_FREE_STORE_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "lib/base/mutex.h"
#include "tests/unit/storage/forwarding_store.h"

namespace cairn::storage {

// A store that fails the test when a thread commits while it holds a snapshot of it: a
// database that met a full disk is opened again when nobody looks at it, so who holds a
// snapshot while waiting for a commit waits for ever. What other threads read meanwhile
// goes by itself, and does not count.
class SnapshotFreeStore final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;

  std::unique_ptr<Snapshot> GetSnapshot() const override {
    return std::make_unique<Counted>(ForwardingStore::GetSnapshot(), *this);
  }

  void Commit(WriteSet set, CommitCallback done) override {
    EXPECT_EQ(HeldByThisThread(), 0) << "snapshots are held while a commit is waited for";
    ForwardingStore::Commit(std::move(set), std::move(done));
  }

 private:
  class Counted final : public Snapshot {
   public:
    Counted(std::unique_ptr<Snapshot> snapshot, const SnapshotFreeStore& store)
        : snapshot_(std::move(snapshot)), store_(store) {
      store_.Count(holder_, 1);
    }
    ~Counted() override { store_.Count(holder_, -1); }

    Revision revision() const override { return snapshot_->revision(); }
    absl::StatusOr<std::optional<Record>> Get(const Key& key) const override {
      return snapshot_->Get(key);
    }
    absl::StatusOr<std::vector<std::optional<Record>>> MultiGet(
        const std::vector<Key>& keys) const override {
      return snapshot_->MultiGet(keys);
    }
    absl::Status Scan(const KeyRange& range, ScanOrder order,
                      const ScanVisitor& visitor) const override {
      return snapshot_->Scan(range, order, visitor);
    }
    std::unique_ptr<Cursor> NewCursor(Family family) const override {
      return snapshot_->NewCursor(family);
    }

   private:
    const std::unique_ptr<Snapshot> snapshot_;
    const SnapshotFreeStore& store_;
    const std::thread::id holder_ = std::this_thread::get_id();
  };

  void Count(std::thread::id holder, int change) const {
    const MutexLock lock(&mutex_);
    held_[holder] += change;
  }
  int HeldByThisThread() const {
    const MutexLock lock(&mutex_);
    return held_[std::this_thread::get_id()];
  }

  mutable Mutex mutex_;
  mutable std::map<std::thread::id, int> held_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::storage

#endif  // CAIRN_TESTS_UNIT_STORAGE_SNAPSHOT_FREE_STORE_H_
