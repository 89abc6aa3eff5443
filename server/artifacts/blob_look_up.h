#ifndef CAIRN_SERVER_ARTIFACTS_BLOB_LOOK_UP_H_
#define CAIRN_SERVER_ARTIFACTS_BLOB_LOOK_UP_H_

#include <vector>

#include "absl/status/statusor.h"
#include "lib/base/digest.h"
#include "server/artifacts/blob_leases.h"
#include "server/artifacts/blob_reader.h"
#include "server/storage/kv_store.h"

namespace cairn::artifacts {

// What the store knows of `digests` now, in their order; those that are there are leased.
//
// Whoever tells a client that a blob is there, or leaves its bytes away because it is,
// must learn it here: without a lease a collection that runs may take the blob before the
// client can refer to it. One that is being condemned counts as not there.
// Errors of the snapshot.
absl::StatusOr<std::vector<EntryState>> LookUpAndLease(const storage::KvStore& store,
                                                       BlobLeases& leases,
                                                       const std::vector<Digest>& digests);

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_BLOB_LOOK_UP_H_
