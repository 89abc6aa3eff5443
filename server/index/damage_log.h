#ifndef CAIRN_SERVER_INDEX_DAMAGE_LOG_H_
#define CAIRN_SERVER_INDEX_DAMAGE_LOG_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "lib/base/mutex.h"
#include "server/storage/kv_store.h"
#include "server/storage/typed_record.h"

namespace cairn::index {

// What could not be read since the start: runs and experiments with a record that is
// damaged. Whoever goes over many runs notes such a one here and goes on without it, so
// that one damaged record takes no other run with it. Safe to call from any thread.
// What is noted is never taken back: a record that is mended or deleted counts until
// the next start. Takes memory for each one noted, and none where nothing is damaged.
class DamageLog {
 public:
  // Hears of each run or experiment once, with the first error; called under no lock.
  using Listener = std::function<void(std::string_view what, const absl::Status& why)>;
  // The listener may be called from several threads at once, for different names.
  explicit DamageLog(Listener listener = nullptr) : listener_(std::move(listener)) {}

  // True if `status` says that a record is damaged; then `what`, the id of a run or the
  // name of an experiment, is noted. Any other error concerns more than one record.
  // False, noting nothing, for such an error and for OK: the caller returns it.
  bool Add(std::string_view what, const absl::Status& status) CAIRN_EXCLUDES(mutex_);

  // How many runs and experiments were noted.
  size_t count() const CAIRN_EXCLUDES(mutex_);

 private:
  const Listener listener_;
  mutable Mutex mutex_;
  absl::flat_hash_set<std::string> noted_ CAIRN_GUARDED_BY(mutex_);
};

// Whether `status` is DATA_LOSS (RECORD_CORRUPT): a record that cannot be parsed, or
// bytes that RocksDB found damaged.
bool IsDamage(const absl::Status& status);

// As storage::ScanRecords, but a record that cannot be parsed is handed to
// `damaged(key_bytes, status)`, and the scan goes on behind it. Both are called during
// the scan. `visit(key_bytes, stored)` returns whether to go on. Errors are those of
// Snapshot::Scan, which end it.
template <typename Message, typename Visit, typename Damaged>
absl::Status ScanIntact(const storage::Snapshot& snapshot, const storage::KeyRange& range,
                        Visit&& visit, Damaged&& damaged) {
  return snapshot.Scan(range, storage::ScanOrder::kAscending,
                       [&](std::string_view key, const storage::Record& record) {
                         auto stored = storage::ParseStored<Message>(key, record);
                         if (stored.ok()) return static_cast<bool>(visit(key, *std::move(stored)));
                         damaged(key, stored.status());
                         return true;
                       });
}

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_DAMAGE_LOG_H_
