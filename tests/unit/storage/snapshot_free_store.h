#ifndef CAIRN_TESTS_UNIT_STORAGE_SNAPSHOT_FREE_STORE_H_
#define CAIRN_TESTS_UNIT_STORAGE_SNAPSHOT_FREE_STORE_H_

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "tests/unit/storage/forwarding_store.h"

namespace cairn::storage {

// A store that fails the test when something commits while a snapshot of it is held: a
// database that met a full disk is opened again when nobody looks at it, so who holds a
// snapshot while waiting for a commit waits for ever. For tests in which nobody else reads.
class SnapshotFreeStore final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;

  std::unique_ptr<Snapshot> GetSnapshot() const override {
    return std::make_unique<Counted>(ForwardingStore::GetSnapshot(), held_);
  }

  void Commit(WriteSet set, CommitCallback done) override {
    EXPECT_EQ(held_, 0) << "snapshots are held while a commit is waited for";
    ForwardingStore::Commit(std::move(set), std::move(done));
  }

 private:
  class Counted final : public Snapshot {
   public:
    Counted(std::unique_ptr<Snapshot> snapshot, std::atomic<int>& held)
        : snapshot_(std::move(snapshot)), held_(held) {
      ++held_;
    }
    ~Counted() override { --held_; }

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
    std::atomic<int>& held_;
  };

  mutable std::atomic<int> held_ = 0;
};

}  // namespace cairn::storage

#endif  // CAIRN_TESTS_UNIT_STORAGE_SNAPSHOT_FREE_STORE_H_
