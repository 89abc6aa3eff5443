#include "server/artifacts/manifest_blob.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace cairn::artifacts {
namespace {

using core::Manifest;

constexpr size_t kLookedUpAtOnce = 1000;

// Takes room for a manifest, and gives it back when destroyed.
class Room {
 public:
  Room(std::shared_ptr<std::atomic<int64_t>> used, int64_t bytes)
      : used_(std::move(used)), bytes_(bytes), before_(used_->fetch_add(bytes)) {}
  ~Room() { used_->fetch_sub(bytes_); }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  bool fits() const { return before_ == 0 || before_ + bytes_ <= kManifestBytesAtOnce; }

 private:
  const std::shared_ptr<std::atomic<int64_t>> used_;
  const int64_t bytes_;
  const int64_t before_;
};

// The manifest, and the room that it takes.
struct Loaded {
  Loaded(std::shared_ptr<std::atomic<int64_t>> used, int64_t bytes)
      : room(std::move(used), bytes) {}

  const Room room;
  Manifest manifest;
};

absl::Status Busy() {
  return Error(absl::StatusCode::kResourceExhausted, ErrorReason::QUEUE_FULL,
               "too many large manifests are being stored; try again")
      .RetryAfterSeconds(1);
}

// Leases the blobs of all files, or tells the first that is not there.
absl::Status LeaseFiles(const BlobStore& blobs, const core::ArtifactFiles& files) {
  std::vector<Digest> digests;
  for (int i = 0; i < files.size(); ++i) {
    CAIRN_ASSIGN_OR_RETURN(digests.emplace_back(),
                           ParseDigest(files[i].digest().sha256(), files[i].digest().size_bytes()));
    if (digests.size() < kLookedUpAtOnce && i + 1 < files.size()) continue;
    CAIRN_RETURN_IF_ERROR(blobs.CheckPresent(digests));
    digests.clear();
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadText(const BlobStore& blobs, const Digest& digest) {
  CAIRN_RETURN_IF_ERROR(blobs.CheckPresent({digest}));
  return blobs.ReadAll(digest, core::kMaxManifestBytes);
}

}  // namespace

core::ManifestLoader MakeManifestLoader(const BlobStore& blobs) {
  auto used = std::make_shared<std::atomic<int64_t>>(0);
  return [&blobs, used](
             const cairn::v1::BlobDigest& wire) -> absl::StatusOr<std::shared_ptr<const Manifest>> {
    CAIRN_ASSIGN_OR_RETURN(const Digest digest, ParseDigest(wire.sha256(), wire.size_bytes()));
    if (digest.size_bytes > core::kMaxManifestBytes) {
      return InvalidField(ErrorReason::TOO_LARGE, "manifest", std::to_string(digest.size_bytes),
                          fmt::format("must be at most {} bytes long", core::kMaxManifestBytes))
          .ToStatus();
    }
    const auto loaded = std::make_shared<Loaded>(used, digest.size_bytes);
    if (!loaded->room.fits()) return Busy();
    CAIRN_ASSIGN_OR_RETURN(const std::string text, ReadText(blobs, digest));
    CAIRN_ASSIGN_OR_RETURN(loaded->manifest,
                           core::ParseManifest("manifest", text, core::kMaxFilesPerManifestBlob));
    CAIRN_RETURN_IF_ERROR(LeaseFiles(blobs, loaded->manifest.files));
    return std::shared_ptr<const Manifest>(loaded, &loaded->manifest);
  };
}

}  // namespace cairn::artifacts
