#ifndef CAIRN_SERVER_ARTIFACTS_INDEX_REBUILD_H_
#define CAIRN_SERVER_ARTIFACTS_INDEX_REBUILD_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "server/artifacts/pack_pool.h"
#include "server/storage/kv_store.h"

namespace cairn::artifacts {

// Makes entries for what the packs hold, if the store has none: the index was thrown away.
// Answers how many it made; 0 where there is an index. A rebuild that a crash cut short is
// finished by the next one.
//
// Reads headers and trailers only: the bytes are checked when they are read, and by a
// scrub. Of a blob that stands in several packs the copy in the last one counts. Blobs that
// were in their entries, and lists of chunks, are gone; sending them again brings them back.
// Before uploads begin.
absl::StatusOr<int64_t> RebuildIndexIfLost(storage::KvStore& store, const PackPool& packs);

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_INDEX_REBUILD_H_
