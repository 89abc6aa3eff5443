#include "server/artifacts/references.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "cairn/internal/records.pb.h"
#include "lib/base/status_macros.h"
#include "server/artifacts/entry_walk.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::artifacts {
namespace {

// Visits what one record refers to; returns how much that is.
using RecordReader = absl::StatusOr<int> (*)(std::string_view key, std::string_view payload,
                                             const ReferenceVisitor& visitor);

absl::StatusOr<int> ReadArtifact(std::string_view key, std::string_view payload,
                                 const ReferenceVisitor& visitor) {
  CAIRN_ASSIGN_OR_RETURN(const auto record,
                         storage::ParseRecord<cairn::internal::ArtifactRecord>(key, payload));
  visitor(key, record.digest());
  return 1;
}

absl::StatusOr<int> ReadManifestPart(std::string_view key, std::string_view payload,
                                     const ReferenceVisitor& visitor) {
  CAIRN_ASSIGN_OR_RETURN(const auto part,
                         storage::ParseRecord<cairn::internal::ManifestPartRecord>(key, payload));
  for (const auto& file : part.files()) visitor(key, file.digest());
  return part.files_size();
}

template <typename Record>
absl::StatusOr<int> ReadVersion(std::string_view key, std::string_view payload,
                                const ReferenceVisitor& visitor) {
  CAIRN_ASSIGN_OR_RETURN(const auto record, storage::ParseRecord<Record>(key, payload));
  for (const auto& file : record.version().files()) visitor(key, file.digest());
  return record.version().files_size();
}

struct Kind {
  storage::Key prefix;
  RecordReader read;
};

// In the order in which a collection that was interrupted goes on: new ones come last.
const std::array<Kind, 4>& Kinds() {
  static const std::array<Kind, 4> kinds = {{
      {storage::AllArtifactsPrefix(), ReadArtifact},
      {storage::AllDatasetVersionsPrefix(), ReadVersion<cairn::internal::DatasetVersionRecord>},
      {storage::AllModelVersionsPrefix(), ReadVersion<cairn::internal::ModelVersionRecord>},
      {storage::AllManifestPartsPrefix(), ReadManifestPart},
  }};
  return kinds;
}

}  // namespace

absl::Status VisitReferences(const storage::Snapshot& snapshot, size_t max_references,
                             std::string& place, const ReferenceVisitor& visitor) {
  // The place is the number of the kind, then the last key of it that was visited.
  size_t kind = place.empty() ? 0 : static_cast<size_t>(place[0] - '0');
  std::string after = place.empty() ? "" : place.substr(1);
  for (size_t seen = 0; kind < Kinds().size(); ++kind, after.clear()) {
    const Kind& at = Kinds()[kind];
    const storage::KeyRange range = storage::KeyRange::Prefix(at.prefix);
    const auto cursor = snapshot.NewCursor(range.family);
    cursor->Seek(after.empty() ? range.begin : after + '\0', range.end);
    for (; cursor->Valid(); cursor->Next()) {
      if (seen >= max_references) {
        place = static_cast<char>('0' + kind) + after;
        return absl::OkStatus();
      }
      CAIRN_ASSIGN_OR_RETURN(const int count,
                             at.read(cursor->key(), cursor->record().payload, visitor));
      seen += static_cast<size_t>(std::max(count, 1));
      after = cursor->key();
    }
    CAIRN_RETURN_IF_ERROR(cursor->status());
  }
  place.clear();
  return absl::OkStatus();
}

absl::Status MarkChunks(const storage::Snapshot& snapshot, size_t max_entries, std::string& place,
                        const WholeFilter& wanted, ShortNameSet& marks) {
  EntryWalk walk(snapshot, place);
  for (size_t seen = 0; walk.Valid(); walk.Next()) {
    if (seen++ == max_entries) return absl::OkStatus();
    place = walk.key();
    const std::string_view chunks = walk.readable() ? walk.head().chunk_sha256s : "";
    if (chunks.empty() || !wanted(walk.head())) continue;
    for (size_t at = 0; at + kSha256Bytes <= chunks.size(); at += kSha256Bytes) {
      marks.Add(ShortNameOf(chunks.substr(at, kSha256Bytes)));
    }
  }
  place.clear();
  return walk.status();
}

}  // namespace cairn::artifacts
