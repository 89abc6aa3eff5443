#ifndef CAIRN_SERVER_ARTIFACTS_INDEX_REBUILD_H_
#define CAIRN_SERVER_ARTIFACTS_INDEX_REBUILD_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "server/artifacts/pack_pool.h"
#include "server/storage/kv_store.h"

namespace cairn::artifacts {

// What making the index anew did.
struct RebuiltIndex {
  int64_t packs = 0;              // that were read
  int64_t damaged_packs = 0;      // of which not all could be read
  int64_t blobs = 0;              // in one piece, whose entry was made or made right
  int64_t lists = 0;              // the same of blobs that are put together of chunks
  int64_t incomplete_lists = 0;   // left out because a chunk is not there
  int64_t unreadable = 0;         // entries that no pack could bring back; removed
  int64_t unreadable_ranges = 0;  // parts of the index that cannot be read
};

// Makes entries for what the packs hold and the store knows nothing of, or nothing that is
// right. An entry that is there and sound stays as it is, also one that says "condemned". Where
// the index and a pack contradict each other, and where a blob stands more than once, the
// bytes are read and a copy whose SHA-256 is right wins; else only headers and trailers are
// read, and a scrub reads the rest. A blob that is put together of chunks comes back once all of
// them are there.
//
// What cannot come back: blobs that stood in their entries (below 64 KiB and no chunk of
// another), and blobs put together by versions that kept the list in the entry only.
//
// Nobody else may write blobs meanwhile. Errors of the store and of files.
absl::StatusOr<RebuiltIndex> RebuildIndex(storage::KvStore& store, const PackPool& packs);

// The same for a directory of packs that no blob store has open; nothing in it is changed.
absl::StatusOr<RebuiltIndex> RebuildIndex(storage::KvStore& store, const std::string& directory);

// Does it if the store has no entries at all, or if a rebuild was cut short: the index was
// thrown away. Answers how many blobs came back; 0 where there is an index. Before uploads
// begin.
absl::StatusOr<int64_t> RebuildIndexIfLost(storage::KvStore& store, const PackPool& packs);

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_INDEX_REBUILD_H_
