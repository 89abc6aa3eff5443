#ifndef CAIRN_SERVER_ARTIFACTS_PACK_BATCH_H_
#define CAIRN_SERVER_ARTIFACTS_PACK_BATCH_H_

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/internal/storage.pb.h"
#include "server/artifacts/blob_store.h"
#include "server/artifacts/pack_pool.h"
#include "server/storage/kv_store.h"

namespace cairn::artifacts {

// Appends a record at `end` of `pack`, moves `end` behind it and answers the entry that names
// its bytes. Errors of PackFile.
absl::StatusOr<internal::BlobEntryRecord> AppendRecord(PackFile& pack, const Digest& digest,
                                                       std::string_view bytes, PackFile::Kind kind,
                                                       int64_t& end);

// Appends records to `pack` from `end` on and adds to `set` what names them.
using PackWriter =
    std::function<absl::Status(PackFile& pack, int64_t& end, storage::WriteSet& set)>;

// Stores what `write` appends, about `bytes`, together with the rest of `set`: bytes first,
// then sync, then the commit. Bytes that no commit names are cut off again. Errors as below.
absl::Status StoreInPack(storage::KvStore& store, PackPool& packs, int64_t bytes,
                         const PackWriter& write, storage::WriteSet set);

// A blob that is to be stored, and the revision of the entry it replaces; 0: there is none.
struct MissingBlob {
  WholeBlob blob;
  storage::Revision revision = 0;
  // The bytes that are replaced are in a pack: so are the new ones, however few.
  bool was_packed = false;
};

// Stores blobs that are in memory: small ones in their entries, the others one after the
// other in one pack, with one sync and one commit for all. `blobs` have their
// digests, which the caller has checked, each once.
//
// All or none: bytes first, then sync, then the commit that names them. Bytes that no commit
// names are cut off again.
//   ABORTED (COMMIT_CONFLICT)  the entry of one of them changed meanwhile
//   RESOURCE_EXHAUSTED (DISK_FULL), INTERNAL (FILE_ERROR), errors of KvStore::Commit
//
// Safe to call from any thread; blocks on files and commits.
absl::Status StoreBatch(storage::KvStore& store, PackPool& packs,
                        const std::vector<MissingBlob>& blobs);

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_PACK_BATCH_H_
