#ifndef CAIRN_SERVER_ARTIFACTS_BLOB_AUDIT_H_
#define CAIRN_SERVER_ARTIFACTS_BLOB_AUDIT_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/storage/kv_store.h"

namespace cairn::artifacts {

// What AuditBlobs read.
struct AuditedBlobs {
  int64_t blobs = 0;
  int64_t bytes = 0;
  int64_t packs = 0;
};

// Reads every blob of a store that no server has open, as a scrub does, and changes nothing: what
// the snapshot's index names in the packs of `directory` (which may be absent), what artifacts and
// versions refer to, and the framing of the packs. `damage` gets a sentence for each fault; of
// blobs, the first 1,000 are named.
absl::StatusOr<AuditedBlobs> AuditBlobs(const storage::Snapshot& snapshot,
                                        const std::string& directory,
                                        const std::function<void(std::string_view)>& damage);

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_BLOB_AUDIT_H_
