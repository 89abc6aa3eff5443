#include "server/artifacts/blob_audit.h"

#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "cairn/v1/artifacts.pb.h"
#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "server/artifacts/pack_pool.h"
#include "server/artifacts/scrub_work.h"

namespace cairn::artifacts {
namespace {

using Damage = std::function<void(std::string_view)>;

absl::StatusOr<int64_t> CheckPacks(const PackPool& packs, const Damage& damage) {
  CAIRN_ASSIGN_OR_RETURN(const auto files, packs.List());
  for (const PackPool::File& file : files) {
    const auto pack = packs.Reader(file.number);
    if (!pack.ok()) {
      damage(fmt::format("pack {}: {}", file.number, std::string(pack.status().message())));
      continue;
    }
    const auto tail = (*pack)->Scan(nullptr);
    if (!tail.ok() || tail->damaged) {
      damage(fmt::format("pack {}: its framing is damaged", file.number));
    }
  }
  return static_cast<int64_t>(files.size());
}

// The steps of a scrub, without what they would commit.
absl::StatusOr<cairn::v1::ScrubBlobsMetadata> Scrub(const storage::Snapshot& snapshot,
                                                    const PackPool& packs) {
  const auto work = MakeScrubWork(packs);
  google::protobuf::Any metadata;
  std::string cursor;
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const operations::Step step, work->Next(snapshot, metadata, cursor));
    metadata.PackFrom(*step.metadata);
    cursor = step.cursor;
    if (step.response == nullptr) continue;
    cairn::v1::ScrubBlobsMetadata done;
    metadata.UnpackTo(&done);
    return done;
  }
}

}  // namespace

absl::StatusOr<AuditedBlobs> AuditBlobs(const storage::Snapshot& snapshot,
                                        const std::string& directory, const Damage& damage) {
  std::error_code error;
  if (!std::filesystem::exists(directory, error)) {
    damage(fmt::format("the directory {} of the packs is missing", directory));
    return AuditedBlobs();
  }
  // All packs count as full: none is opened for writing, none is cut off.
  CAIRN_ASSIGN_OR_RETURN(const auto packs, PackPool::Open(directory, /*pack_bytes=*/0, {}));
  AuditedBlobs audited;
  CAIRN_ASSIGN_OR_RETURN(audited.packs, CheckPacks(*packs, damage));
  CAIRN_ASSIGN_OR_RETURN(const cairn::v1::ScrubBlobsMetadata done, Scrub(snapshot, *packs));
  audited.blobs = done.blob_count();
  audited.bytes = done.blob_bytes();
  for (const auto& blob : done.damaged()) {
    damage(fmt::format("blob {} of {} bytes", blob.sha256(), blob.size_bytes()));
  }
  if (done.damaged_blob_count() > done.damaged_size()) {
    damage(fmt::format("{} more blobs or parts of their index",
                       done.damaged_blob_count() - done.damaged_size()));
  }
  return audited;
}

}  // namespace cairn::artifacts
