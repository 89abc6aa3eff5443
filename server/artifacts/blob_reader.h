#ifndef CAIRN_SERVER_ARTIFACTS_BLOB_READER_H_
#define CAIRN_SERVER_ARTIFACTS_BLOB_READER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/internal/storage.pb.h"
#include "lib/base/digest.h"
#include "server/artifacts/blob_store.h"
#include "server/artifacts/pack_pool.h"
#include "server/storage/kv_store.h"

namespace cairn::artifacts {

// The revision of an entry whose record cannot be read: PutEntry then replaces it, whatever
// it is.
inline constexpr storage::Revision kUnreadableEntry = -1;

// What the entry of a blob says to whoever asks.
struct EntryState {
  bool there = false;              // usable, and of the right size
  bool is_sound = false;           // the same, but perhaps condemned
  storage::Revision revision = 0;  // of the entry, usable or not; 0: there is none
  bool is_chunked = false;         // the entry, usable or not, is a list of chunks
  bool is_packed = false;          // and this one says that something of it is in a pack
};

// One for each of `digests`, in their order. An entry that cannot be read is not there.
absl::StatusOr<std::vector<EntryState>> LookUpEntries(const storage::Snapshot& snapshot,
                                                      const std::vector<Digest>& digests);

// Adds to `set` that `entry` becomes the entry of `digest`, which is at `revision` now (0:
// absent).
void PutEntry(const Digest& digest, storage::Revision revision,
              const internal::BlobEntryRecord& entry, storage::WriteSet& set);

// The entry of a blob, usable or not, and its revision unless that is null. NOT_FOUND
// (BLOB_NOT_FOUND), also for another size; DATA_LOSS (BLOB_CORRUPT) when it cannot be read.
absl::StatusOr<internal::BlobEntryRecord> ReadBlobEntry(const storage::Snapshot& snapshot,
                                                        const Digest& digest,
                                                        storage::Revision* revision = nullptr);

// The same for the entry under the hash of `digest`, whatever its size is.
absl::StatusOr<internal::BlobEntryRecord> ReadEntryOfHash(const storage::Snapshot& snapshot,
                                                          const Digest& digest,
                                                          storage::Revision* revision);

// What the blob of `entry` is put together of, in order; empty for one that is stored in one
// piece. DATA_LOSS (BLOB_CORRUPT) when the chunks do not make up the blob's size.
absl::StatusOr<std::vector<Digest>> ChunksOf(const Digest& digest,
                                             const internal::BlobEntryRecord& entry);

// Hears of a blob whose bytes were found damaged, and at which revision its entry was then.
// Called by whoever reads: must not wait.
using DamageSink = std::function<void(const Digest& digest, storage::Revision revision)>;

// Opens a blob for reading, wherever its bytes are: in its entry, in a pack, or in the
// chunks it is put together of. Of those one at a time is held open. A blob whose pack was
// just written anew is looked up again. What opening and reading find damaged is told to
// `damaged`: the chunk, and the blob.
//
// The store and the packs must outlive the reader. Errors of ReadBlobEntry and ChunksOf.
absl::StatusOr<std::unique_ptr<BlobReader>> OpenBlobReader(const storage::KvStore& store,
                                                           const PackPool& packs,
                                                           const Digest& digest,
                                                           DamageSink damaged = nullptr);

// The same for a blob in one piece whose entry was read.
absl::StatusOr<std::unique_ptr<BlobReader>> OpenWholeBlobReader(const storage::KvStore& store,
                                                                const PackPool& packs,
                                                                const Digest& digest,
                                                                internal::BlobEntryRecord entry);

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_BLOB_READER_H_
