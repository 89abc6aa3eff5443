#ifndef CAIRN_SERVER_CORE_MANIFEST_H_
#define CAIRN_SERVER_CORE_MANIFEST_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/v1/artifacts.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "server/core/limits.h"

namespace cairn::core {

using ArtifactFiles = google::protobuf::RepeatedPtrField<cairn::v1::ArtifactFile>;

// A list of files that belong together: paths, digests and sizes. Equal lists have equal digests,
// in whatever order they were sent.
struct Manifest {
  ArtifactFiles files;     // by path as bytes, each path once
  std::string sha256;      // of the canonical form
  int64_t size_bytes = 0;  // all files together
};

// How many files one version or one call may name.
inline constexpr int kMaxFilesPerManifest = limits::kFilesPerMessage;
inline constexpr int kMaxFilesPerCall = limits::kFilesPerCall;
// The same where the files are listed in a blob, and how large that may be.
inline constexpr int kMaxFilesPerManifestBlob = limits::kFilesPerManifestBlob;
inline constexpr int64_t kMaxManifestBytes = limits::kManifestBytes;

// Gives the manifest that a blob holds, its blobs being present and leased: they are not collected
// before the commit that names them. Reads the disk; may be called from any thread. Injected, so
// that what works with manifests need not know the store of blobs.
using ManifestLoader =
    std::function<absl::StatusOr<std::shared_ptr<const Manifest>>(const cairn::v1::BlobDigest&)>;

// Checks and orders `files`. INVALID_ARGUMENT (ARTIFACT_PATH_INVALID,
// DIGEST_INVALID, FIELD_REQUIRED, TOO_LARGE) naming the entry; a path that
// appears twice, or is both a file and a directory, is refused. Takes n log n of the files. Pure.
absl::StatusOr<Manifest> MakeManifest(std::string_view field, const ArtifactFiles& files,
                                      int max_files);

// The canonical form a manifest's digest is taken over: for each file in path
// order `{sha256} {size in decimal} {path}\n`. Pure.
std::string CanonicalManifest(const ArtifactFiles& sorted_files);

// Reads the canonical form, and nothing else: CanonicalManifest of the result is `text`.
// INVALID_ARGUMENT naming `field`: VALUE_INVALID for a line that has another form or stands
// out of order; ARTIFACT_PATH_INVALID, DIGEST_INVALID, FIELD_REQUIRED and TOO_LARGE as above.
// Pure.
absl::StatusOr<Manifest> ParseManifest(std::string_view field, std::string_view text,
                                       int max_files);

}  // namespace cairn::core

#endif  // CAIRN_SERVER_CORE_MANIFEST_H_
