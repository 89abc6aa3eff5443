#include "server/front/descriptor_shares.h"

#include <algorithm>

#include "fmt/format.h"
#include "lib/base/errors.h"

namespace cairn::front {

absl::StatusOr<DescriptorShares> DescriptorShares::Of(int64_t limit) {
  if (limit < kLeastLimit) {
    return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::CONFIG_INVALID,
                 fmt::format("the process may open {} descriptors, which must be at least {}; "
                             "raise the hard limit (ulimit -n, LimitNOFILE)",
                             limit, kLeastLimit))
        .With("limit", std::to_string(limit))
        .With("least", std::to_string(kLeastLimit))
        .ToStatus();
  }
  DescriptorShares shares;
  shares.limit = limit;
  shares.http_connections = std::clamp<int64_t>(limit / 64, 8, 1024);
  shares.store_files = std::max<int64_t>(limit / 8, 32);
  shares.pack_readers = std::clamp<int64_t>(limit / 32, 8, 256);
  shares.uploads = std::clamp<int64_t>(limit / 32, 8, 1024);
  shares.reserve = std::max<int64_t>(limit / 32, 48);
  shares.grpc_connections = std::min<int64_t>(limit - shares.total(), 65'536);
  return shares;
}

int64_t DescriptorShares::total() const {
  return grpc_connections + 2 * http_connections + store_files + pack_readers + uploads + reserve;
}

std::string DescriptorShares::Describe() const {
  return fmt::format(
      "{} gRPC connections, {} HTTP connections, {} files of the database, {} packs, {} uploads, "
      "{} in reserve",
      grpc_connections, http_connections, store_files, pack_readers, uploads, reserve);
}

}  // namespace cairn::front
