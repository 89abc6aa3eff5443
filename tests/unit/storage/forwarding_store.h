#ifndef CAIRN_TESTS_UNIT_STORAGE_FORWARDING_STORE_H_
#define CAIRN_TESTS_UNIT_STORAGE_FORWARDING_STORE_H_

#include <functional>
#include <memory>
#include <utility>

#include "server/storage/kv_store.h"

namespace cairn::storage {

// A store that passes everything on to another one, which outlives it: for stores that do
// something else in one place, most often in Commit.
class ForwardingStore : public KvStore {
 public:
  explicit ForwardingStore(KvStore& store) : store_(store) {}

  std::unique_ptr<Snapshot> GetSnapshot() const override { return store_.GetSnapshot(); }
  void Commit(WriteSet set, CommitCallback done) override {
    store_.Commit(std::move(set), std::move(done));
  }
  absl::Status ScanEvents(Revision from,
                          const std::function<bool(const StoredEvent&)>& visitor) const override {
    return store_.ScanEvents(from, visitor);
  }
  absl::StatusOr<int64_t> EventBytes(Revision from) const override {
    return store_.EventBytes(from);
  }
  int64_t AddCommitListener(CommitListener listener) override {
    return store_.AddCommitListener(std::move(listener));
  }
  void RemoveCommitListener(int64_t number) override { store_.RemoveCommitListener(number); }
  absl::Status Health() const override { return store_.Health(); }

 private:
  KvStore& store_;
};

}  // namespace cairn::storage

#endif  // CAIRN_TESTS_UNIT_STORAGE_FORWARDING_STORE_H_
