#include "server/artifacts/blob_look_up.h"

#include <cstddef>

#include "lib/base/status_macros.h"

namespace cairn::artifacts {

absl::StatusOr<std::vector<EntryState>> LookUpAndLease(const storage::KvStore& store,
                                                       BlobLeases& leases,
                                                       const std::vector<Digest>& digests) {
  while (true) {
    const int64_t epoch = leases.epoch();
    CAIRN_ASSIGN_OR_RETURN(auto states, LookUpEntries(*store.GetSnapshot(), digests));
    std::vector<BlobLeases::Seen> there;
    std::vector<size_t> places;
    for (size_t i = 0; i < digests.size(); ++i) {
      if (!states[i].there) continue;
      there.push_back({digests[i], states[i].revision});
      places.push_back(i);
    }
    std::vector<size_t> refused;
    // A collection ended in between: what was seen may be gone.
    if (!leases.Take(there, epoch, refused)) continue;
    for (const size_t at : refused) states[places[at]].there = false;
    return states;
  }
}

}  // namespace cairn::artifacts
