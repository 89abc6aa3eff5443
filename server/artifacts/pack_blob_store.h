#ifndef CAIRN_SERVER_ARTIFACTS_PACK_BLOB_STORE_H_
#define CAIRN_SERVER_ARTIFACTS_PACK_BLOB_STORE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "lib/base/clock.h"
#include "server/artifacts/blob_store.h"
#include "server/artifacts/pack_pool.h"
#include "server/storage/kv_store.h"

namespace cairn::artifacts {

// Where packs are kept, and limits; the defaults are for production.
struct BlobStoreOptions {
  std::string directory;                        // "packs" beside the store; made when absent
  int64_t max_blob_bytes = kMaxBlobBytes;       // larger blobs are refused
  int64_t pack_bytes = int64_t{256} << 20;      // a pack that long gets no further blob
  int64_t checkpoint_bytes = int64_t{8} << 20;  // what a broken upload may have to resend
  int64_t max_open_packs = 256;                 // for reading, beside those being read
  int64_t max_uploads = 1024;                   // open at a time; each holds one file
  int64_t upload_retention_nanos = 24 * 3600 * kNanosPerSecond;  // since it last moved
  // When too many are open, the one is given up whose last stream ended first, and at least
  // so long ago.
  int64_t upload_grace_nanos = 10 * 60 * kNanosPerSecond;
  // How long a blob is kept that was stored or asked about, referred to or not.
  int64_t lease_nanos = 6 * 3600 * kNanosPerSecond;
  const Clock* forward = &ForwardClock();  // for leases
  // The room on the packs' volume, instead of asking it; for tests.
  std::optional<PackPool::Room> room;
  PackIo* io = &SystemPackIo();  // outlives the store; for tests that inject faults
};

// Opens the blob store whose packs are in `options.directory` and whose index and
// small blobs are in `store`. The store and the clock must outlive it; close it
// first. Cuts off what a crash left half written, and gives up uploads older than
// the retention; where that fails, as on a full disk, it is left for later. Makes the index anew
// from the packs when the store has none. Errors of files (FILE_ERROR, DISK_FULL) and of `store`.
absl::StatusOr<std::unique_ptr<BlobStore>> OpenBlobStore(BlobStoreOptions options,
                                                         storage::KvStore& store,
                                                         const Clock& clock);

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_PACK_BLOB_STORE_H_
