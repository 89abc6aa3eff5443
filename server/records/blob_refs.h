#ifndef CAIRN_SERVER_RECORDS_BLOB_REFS_H_
#define CAIRN_SERVER_RECORDS_BLOB_REFS_H_

#include "absl/status/status.h"
#include "cairn/v1/artifacts.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "server/storage/kv_store.h"
#include "server/storage/write_set.h"

namespace cairn::records {

// Digest first, reference second: adds to `write_set` the condition that every blob of
// `files` is still as it is at `snapshot` when the commit is applied. So a reference either
// comes before the commit that condemns its blob, and saves it, or finds it missing.
//
// NOT_FOUND (BLOB_NOT_FOUND) for the first that is absent, condemned by a collection or in
// quarantine at `snapshot`, or stands there with another size. The empty blob is always
// present.
absl::Status RequireBlobs(const storage::Snapshot& snapshot,
                          const google::protobuf::RepeatedPtrField<cairn::v1::ArtifactFile>& files,
                          storage::WriteSet& write_set);

}  // namespace cairn::records

#endif  // CAIRN_SERVER_RECORDS_BLOB_REFS_H_
