#ifndef CAIRN_SERVER_ARTIFACTS_BLOB_OPERATIONS_H_
#define CAIRN_SERVER_ARTIFACTS_BLOB_OPERATIONS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "cairn/v1/artifacts.pb.h"
#include "server/storage/mutation.h"

namespace cairn::artifacts {

// Asking for the operations on all blobs: plans that store the operation and answer with
// it. `random_hex` is 32 hexadecimal characters, `principal` who asks. Pure.

storage::Plan PlanCollectGarbage(const cairn::v1::CollectGarbageRequest& request,
                                 int64_t now_unix_nanos, std::string_view random_hex,
                                 const std::string& principal);

storage::Plan PlanScrubBlobs(int64_t now_unix_nanos, std::string_view random_hex,
                             const std::string& principal);

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_BLOB_OPERATIONS_H_
