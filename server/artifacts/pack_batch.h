#ifndef CAIRN_SERVER_ARTIFACTS_PACK_BATCH_H_
#define CAIRN_SERVER_ARTIFACTS_PACK_BATCH_H_

#include <vector>

#include "absl/status/status.h"
#include "server/artifacts/blob_store.h"
#include "server/artifacts/pack_pool.h"
#include "server/storage/kv_store.h"

namespace cairn::artifacts {

// Stores blobs that are in memory: small ones in their entries, the others one after the
// other in one pack, with one sync and one commit for all. `blobs` are none that are
// stored already, each once, and have their digests.
//
// All or none: bytes first, then sync, then the commit that names them. Bytes that no commit
// names are cut off again.
//   ABORTED (COMMIT_CONFLICT)  somebody else stored one of them meanwhile
//   RESOURCE_EXHAUSTED (DISK_FULL), INTERNAL (FILE_ERROR), errors of KvStore::Commit
//
// Safe to call from any thread; blocks on files and commits.
absl::Status StoreBatch(storage::KvStore& store, PackPool& packs,
                        const std::vector<WholeBlob>& blobs);

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_PACK_BATCH_H_
