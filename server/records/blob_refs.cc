#include "server/records/blob_refs.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string_view>
#include <vector>

#include "cairn/internal/storage.pb.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::records {
namespace {

using storage::BlobEntryKey;
using storage::Key;
using storage::ParseRecord;
using storage::Snapshot;
using storage::WriteSet;

constexpr size_t kEntriesAtOnce = 64;

absl::Status MissingBlob(const cairn::v1::ArtifactFile& file) {
  return NotFound(ErrorReason::BLOB_NOT_FOUND, "Blob",
                  fmt::format("blobs/{}/{}", file.digest().sha256(), file.digest().size_bytes()))
      .With("path", file.path());
}

}  // namespace

absl::Status RequireBlobs(const Snapshot& snapshot,
                          const google::protobuf::RepeatedPtrField<cairn::v1::ArtifactFile>& files,
                          WriteSet& write_set) {
  std::vector<Key> keys;
  std::vector<const cairn::v1::ArtifactFile*> named;
  std::set<std::pair<std::string_view, int64_t>> seen;
  std::set<std::string_view> conditions;
  for (const auto& file : files) {
    if (file.digest().size_bytes() == 0) continue;
    if (!seen.emplace(file.digest().sha256(), file.digest().size_bytes()).second) continue;
    keys.push_back(BlobEntryKey(file.digest().sha256()));
    named.push_back(&file);
  }
  // An entry may hold the bytes of a small blob, so not all are read at once.
  for (size_t begin = 0; begin < keys.size(); begin += kEntriesAtOnce) {
    const size_t end = std::min(keys.size(), begin + kEntriesAtOnce);
    const auto first = keys.begin() + static_cast<std::ptrdiff_t>(begin);
    const std::vector<Key> some(first, first + static_cast<std::ptrdiff_t>(end - begin));
    CAIRN_ASSIGN_OR_RETURN(const auto entries, snapshot.MultiGet(some));
    for (size_t i = 0; i < some.size(); ++i) {
      const cairn::v1::ArtifactFile& file = *named[begin + i];
      if (!entries[i].has_value()) return MissingBlob(file);
      CAIRN_ASSIGN_OR_RETURN(const auto entry, ParseRecord<cairn::internal::BlobEntryRecord>(
                                                   some[i].bytes, entries[i]->payload));
      const bool there = entry.size_bytes() == file.digest().size_bytes() && !entry.condemned() &&
                         !entry.quarantined();
      if (!there) return MissingBlob(file);
      if (conditions.insert(file.digest().sha256()).second) {
        write_set.RequireRevision(some[i], entries[i]->mod_revision);
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace cairn::records
