#ifndef CAIRN_SERVER_ARTIFACTS_BLOB_USAGE_H_
#define CAIRN_SERVER_ARTIFACTS_BLOB_USAGE_H_

#include <string>

#include "absl/status/statusor.h"
#include "cairn/v1/artifacts.pb.h"
#include "server/artifacts/pack_pool.h"
#include "server/storage/kv_store.h"

namespace cairn::artifacts {

// How much room the blobs take of one resource, or of the whole server for an empty `name`.
// Reads everything that refers to blobs, and every blob's entry without its bytes: about a
// second for a million. Takes 8 bytes of memory for each blob. Leases do not count.
//
//   NOT_FOUND (RUN_NOT_FOUND, DATASET_VERSION_NOT_FOUND, MODEL_VERSION_NOT_FOUND, …)
//   INVALID_ARGUMENT (NAME_INVALID), errors of VisitReferences
absl::StatusOr<cairn::v1::BlobUsage> MeasureBlobUsage(const storage::Snapshot& snapshot,
                                                      const PackPool& packs,
                                                      const std::string& name);

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_BLOB_USAGE_H_
