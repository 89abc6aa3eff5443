#include "server/storage/kv_store.h"

#include <utility>

#include "lib/base/mutex.h"
#include "server/storage/key_codec.h"

namespace cairn::storage {

KeyRange KeyRange::Prefix(const Key& prefix) {
  return {prefix.family, prefix.bytes, PrefixEnd(prefix.bytes)};
}

CommitResult KvStore::CommitAndWait(WriteSet write_set) {
  Mutex mutex;
  CondVar arrived;
  std::optional<CommitResult> outcome;
  Commit(std::move(write_set), [&](CommitResult result) {
    MutexLock lock(&mutex);
    outcome = std::move(result);
    arrived.Signal();  // under the lock: the waiter may leave as soon as it is free
  });
  MutexLock lock(&mutex);
  while (!outcome.has_value()) arrived.Wait(&mutex);
  return *std::move(outcome);
}

}  // namespace cairn::storage
