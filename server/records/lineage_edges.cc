#include "server/records/lineage_edges.h"

#include <string_view>

#include "lib/base/status_macros.h"

namespace cairn::records {

absl::Status EachEdge(const storage::Snapshot& snapshot, const storage::Key& prefix,
                      const std::function<bool(const std::string&)>& visit) {
  absl::Status failure;
  CAIRN_RETURN_IF_ERROR(snapshot.Scan(storage::KeyRange::Prefix(prefix),
                                      storage::ScanOrder::kAscending,
                                      [&](std::string_view key, const storage::Record&) {
                                        const auto end = storage::LastStringOf(prefix, key);
                                        failure = end.status();
                                        return end.ok() && visit(*end);
                                      }));
  return failure;
}

}  // namespace cairn::records
