#ifndef CAIRN_SERVER_RECORDS_LINEAGE_EDGES_H_
#define CAIRN_SERVER_RECORDS_LINEAGE_EDGES_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "server/storage/keyspace.h"
#include "server/storage/kv_store.h"

namespace cairn::records {

// Calls `visit` with the resource at the end of each edge below `prefix`
// (storage::LineageUpPrefix, LineageDownPrefix), in the order of the keys, until it
// returns false. DATA_LOSS for a key that is none of an edge, and errors of the store.
// An edge is its key alone, so no record is parsed.
absl::Status EachEdge(const storage::Snapshot& snapshot, const storage::Key& prefix,
                      const std::function<bool(const std::string&)>& visit);

}  // namespace cairn::records

#endif  // CAIRN_SERVER_RECORDS_LINEAGE_EDGES_H_
