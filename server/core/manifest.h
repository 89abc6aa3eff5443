#ifndef CAIRN_SERVER_CORE_MANIFEST_H_
#define CAIRN_SERVER_CORE_MANIFEST_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/v1/artifacts.pb.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace cairn::core {

using ArtifactFiles = google::protobuf::RepeatedPtrField<cairn::v1::ArtifactFile>;

// A list of files that belong together: paths, digests and sizes.
struct Manifest {
  ArtifactFiles files;     // by path, each path once
  std::string sha256;      // of the canonical form
  int64_t size_bytes = 0;  // all files together
};

// How many files one version or one call may name.
inline constexpr int kMaxFilesPerManifest = 10'000;
inline constexpr int kMaxFilesPerCall = 1'000;

// Checks and orders `files`. INVALID_ARGUMENT (ARTIFACT_PATH_INVALID,
// DIGEST_INVALID, FIELD_REQUIRED, TOO_LARGE) naming the entry; a path that
// appears twice, or is both a file and a directory, is refused. Pure.
absl::StatusOr<Manifest> MakeManifest(std::string_view field, const ArtifactFiles& files,
                                      int max_files);

// The canonical form a manifest's digest is taken over: for each file in path
// order `{sha256} {size in decimal} {path}\n`. Pure.
std::string CanonicalManifest(const ArtifactFiles& sorted_files);

}  // namespace cairn::core

#endif  // CAIRN_SERVER_CORE_MANIFEST_H_
