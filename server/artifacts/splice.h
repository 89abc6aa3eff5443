#ifndef CAIRN_SERVER_ARTIFACTS_SPLICE_H_
#define CAIRN_SERVER_ARTIFACTS_SPLICE_H_

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/digest.h"
#include "server/artifacts/blob_leases.h"
#include "server/artifacts/blob_store.h"
#include "server/artifacts/pack_pool.h"
#include "server/storage/kv_store.h"

namespace cairn::artifacts {

// What a splice works with; all of it outlives the call.
struct SpliceParts {
  storage::KvStore& store;
  PackPool& packs;
  BlobLeases& leases;
  // Opens an upload of a blob in one piece, under a name that nobody else uses.
  std::function<absl::StatusOr<std::unique_ptr<BlobUpload>>(const Digest& digest)> open_upload;
};

// BlobStore::Splice: reads the chunks, which are all there, each in one piece, and stores
// `digest` as their list, in its entry and in a pack. Chunks that were small enough to stand in
// their entries move to the pack in the same commit, so that the packs alone have all of the
// blob. The commit requires the entries of the chunks as they were read.
//
// Chunks that are found damaged are put in quarantine; all of them are missing then, and the
// client sends them again.
//
// A blob that has an entry in one piece, but is missing because that is condemned or in
// quarantine, is stored in one piece again: it may be a chunk itself, and a chunk never
// becomes a list, neither for readers nor for a collection that marks chunks.
absl::Status SpliceBlob(const SpliceParts& parts, const Digest& digest,
                        const std::vector<Digest>& chunks);

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_SPLICE_H_
