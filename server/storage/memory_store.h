#ifndef CAIRN_SERVER_STORAGE_MEMORY_STORE_H_
#define CAIRN_SERVER_STORAGE_MEMORY_STORE_H_

#include <memory>

#include "server/storage/committer.h"
#include "server/storage/kv_store.h"
#include "server/storage/merge.h"

namespace cairn::storage {

// A store that lives and dies with the process, for tests and for trying things
// out. It has the same committer and the same promises as the RocksDB store but
// durability. Made to be right, not fast: keys keep their versions as long as a
// snapshot may need them, and scans copy what they visit.
//
// `merge` combines payloads for WriteSet::merges; without one such write sets
// are refused.
std::unique_ptr<KvStore> MakeMemoryStore(MergeFunction merge = nullptr,
                                         CommitterOptions options = {});

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_MEMORY_STORE_H_
