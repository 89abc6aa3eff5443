#ifndef CAIRN_SERVER_ARTIFACTS_REFERENCES_H_
#define CAIRN_SERVER_ARTIFACTS_REFERENCES_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/v1/artifacts.pb.h"
#include "server/artifacts/short_names.h"
#include "server/storage/kv_store.h"

namespace cairn::artifacts {

// Everything that refers to blobs: the artifacts of runs, the files of data set versions, in
// their records and in parts, and those of model versions. Whoever adds a kind of record with files
// adds it here, or a collection removes what it refers to.

// Hears of one reference: the key of the record and the digest it names.
using ReferenceVisitor =
    std::function<void(std::string_view record_key, const cairn::v1::BlobDigest& digest)>;

// Visits references, a record at a time, until there were `max_references` or as many records
// without any. `place` says where to go on: empty for the beginning, and moved; empty again at
// the end.
//   DATA_LOSS (RECORD_CORRUPT)  a record cannot be read: what it refers to is not known
absl::Status VisitReferences(const storage::Snapshot& snapshot, size_t max_references,
                             std::string& place, const ReferenceVisitor& visitor);

// Whether the chunks of a blob count as referred to.
struct EntryHead;
using WholeFilter = std::function<bool(const EntryHead& whole)>;

// Adds the chunks of those blobs put together of others that `wanted` picks, looking at
// `max_entries` entries; `place` as above.
absl::Status MarkChunks(const storage::Snapshot& snapshot, size_t max_entries, std::string& place,
                        const WholeFilter& wanted, ShortNameSet& marks);

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_REFERENCES_H_
