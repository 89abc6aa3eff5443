#include "server/artifacts/blob_usage.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/artifacts/entry_walk.h"
#include "server/artifacts/references.h"
#include "server/artifacts/short_names.h"
#include "server/records/dataset_refs.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::artifacts {
namespace {

using cairn::v1::BlobUsage;
using storage::Key;
using storage::Snapshot;

constexpr size_t kAll = std::numeric_limits<size_t>::max();

// A resource with files: its canonical name, and what the keys of its records begin with,
// one of these.
struct Owner {
  std::string name;
  std::vector<std::string> key_prefixes;

  bool Has(std::string_view key) const {
    return std::any_of(key_prefixes.begin(), key_prefixes.end(),
                       [key](const std::string& prefix) { return key.starts_with(prefix); });
  }
};

absl::Status RequireThere(const Snapshot& snapshot, const Key& key, ErrorReason reason,
                          std::string_view type, std::string_view name) {
  CAIRN_ASSIGN_OR_RETURN(const auto record, snapshot.Get(key));
  return record.has_value() ? absl::OkStatus() : NotFound(reason, type, name).ToStatus();
}

absl::StatusOr<Owner> FindOwner(const Snapshot& snapshot, const std::string& name) {
  if (name.rfind("experiments/", 0) == 0) {
    CAIRN_ASSIGN_OR_RETURN(const RunName run, ParseRunName("name", name));
    CAIRN_ASSIGN_OR_RETURN(const auto stored, storage::ReadRecord<cairn::internal::RunRecord>(
                                                  snapshot, storage::RunKey(run.run_id)));
    if (!stored.has_value() || stored->value.experiment_id() != run.experiment_id) {
      return NotFound(ErrorReason::RUN_NOT_FOUND, "Run", name).ToStatus();
    }
    return Owner{name, {storage::ArtifactPrefix(name).bytes}};
  }
  if (name.rfind("datasets/", 0) == 0) {
    CAIRN_ASSIGN_OR_RETURN(const VersionName version,
                           records::ResolveDatasetVersion(snapshot, "name", name));
    const Key key = storage::DatasetVersionKey(version.parent_id, version.version);
    CAIRN_RETURN_IF_ERROR(RequireThere(snapshot, key, ErrorReason::DATASET_VERSION_NOT_FOUND,
                                       "DatasetVersion", name));
    std::string canonical = DatasetVersionName(version.parent_id, version.version);
    std::string parts = storage::ManifestPartPrefix(canonical).bytes;
    return Owner{std::move(canonical), {key.bytes, std::move(parts)}};
  }
  CAIRN_ASSIGN_OR_RETURN(const VersionName version, ParseModelVersionName("name", name));
  const Key key = storage::ModelVersionKey(version.parent_id, version.version);
  CAIRN_RETURN_IF_ERROR(
      RequireThere(snapshot, key, ErrorReason::MODEL_VERSION_NOT_FOUND, "ModelVersion", name));
  return Owner{ModelVersionName(version.parent_id, version.version), {key.bytes}};
}

absl::Status AddChunks(const Snapshot& snapshot, ShortNameSet& marks) {
  marks.Compact();
  std::string place;
  CAIRN_RETURN_IF_ERROR(MarkChunks(
      snapshot, kAll, place,
      [&marks](const EntryHead& whole) { return marks.Contains(ShortNameOf(whole.digest)); },
      marks));
  marks.Compact();
  return absl::OkStatus();
}

// Adds a stored blob: `own` says whether it is one of those asked for, `other` whether
// something else refers to it.
void Add(const EntryHead& head, bool whole_server, bool own, bool other, BlobUsage& usage) {
  const int64_t bytes = head.digest.size_bytes;
  if (whole_server) {
    if (!own) usage.set_reclaimable_bytes(usage.reclaimable_bytes() + bytes);
    if (head.pack == 0) usage.set_inline_bytes(usage.inline_bytes() + bytes);
  } else if (own) {
    other ? usage.set_shared_bytes(usage.shared_bytes() + bytes)
          : usage.set_reclaimable_bytes(usage.reclaimable_bytes() + bytes);
  }
  if (!own) return;
  usage.set_blob_count(usage.blob_count() + 1);
  usage.set_blob_bytes(usage.blob_bytes() + bytes);
}

}  // namespace

absl::StatusOr<BlobUsage> MeasureBlobUsage(const Snapshot& snapshot, const PackPool& packs,
                                           const std::string& name) {
  BlobUsage usage;
  Owner owner{"", {""}};
  if (!name.empty()) {
    CAIRN_ASSIGN_OR_RETURN(owner, FindOwner(snapshot, name));
  }
  usage.set_name(owner.name);
  ShortNameSet own;
  ShortNameSet others;
  std::string place;
  CAIRN_RETURN_IF_ERROR(VisitReferences(
      snapshot, kAll, place, [&](std::string_view key, const cairn::v1::BlobDigest& digest) {
        const bool mine = owner.Has(key);
        (mine ? own : others).Add(ShortNameOfHex(digest.sha256()));
        if (!mine) return;
        usage.set_file_count(usage.file_count() + 1);
        usage.set_file_bytes(usage.file_bytes() + digest.size_bytes());
      }));
  CAIRN_RETURN_IF_ERROR(AddChunks(snapshot, own));
  CAIRN_RETURN_IF_ERROR(AddChunks(snapshot, others));
  EntryWalk walk(snapshot, "");
  for (; walk.Valid(); walk.Next()) {
    const EntryHead& head = walk.head();
    if (!walk.readable() || head.is_chunked() || head.digest.size_bytes == 0) continue;
    const ShortName short_name = ShortNameOf(head.digest);
    Add(head, name.empty(), own.Contains(short_name), others.Contains(short_name), usage);
  }
  CAIRN_RETURN_IF_ERROR(walk.status());
  if (!name.empty()) return usage;
  CAIRN_ASSIGN_OR_RETURN(const auto files, packs.List());
  usage.set_pack_count(static_cast<int64_t>(files.size()));
  for (const PackPool::File& file : files) usage.set_pack_bytes(usage.pack_bytes() + file.bytes);
  return usage;
}

}  // namespace cairn::artifacts
