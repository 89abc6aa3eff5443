#include "server/core/manifest.h"

#include <algorithm>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/core/artifact_path.h"

namespace cairn::core {
namespace {

using cairn::v1::ArtifactFile;

absl::Status PathTwice(std::string_view field, std::string_view path) {
  return InvalidField(ErrorReason::ARTIFACT_PATH_INVALID, field, path, "must appear once");
}

// Refuses "a" beside "a/b": no tree can hold both.
absl::Status CheckTree(std::string_view field, const ArtifactFiles& sorted) {
  std::set<std::string_view> paths;
  for (const ArtifactFile& file : sorted) {
    if (!paths.insert(file.path()).second) return PathTwice(field, file.path());
  }
  for (const ArtifactFile& file : sorted) {
    const std::string_view path = file.path();
    for (size_t slash = path.find('/'); slash != std::string_view::npos;
         slash = path.find('/', slash + 1)) {
      if (paths.count(path.substr(0, slash)) != 0) {
        return InvalidField(ErrorReason::ARTIFACT_PATH_INVALID, field, path.substr(0, slash),
                            "must not be a file and a directory at once");
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Manifest> MakeManifest(std::string_view field, const ArtifactFiles& files,
                                      int max_files) {
  if (files.empty()) {
    return InvalidField(ErrorReason::FIELD_REQUIRED, field, "", "must name at least one file")
        .ToStatus();
  }
  if (files.size() > max_files) {
    return InvalidField(ErrorReason::TOO_LARGE, field, std::to_string(files.size()),
                        fmt::format("must name at most {} files", max_files))
        .ToStatus();
  }
  Manifest manifest;
  for (int i = 0; i < files.size(); ++i) {
    const std::string entry = fmt::format("{}[{}]", field, i);
    ArtifactFile file = files[i];
    CAIRN_ASSIGN_OR_RETURN(*file.mutable_path(),
                           NormalizeArtifactPath(entry + ".path", file.path()));
    CAIRN_RETURN_IF_ERROR(ParseDigest(file.digest().sha256(), file.digest().size_bytes()).status());
    manifest.size_bytes += file.digest().size_bytes();
    *manifest.files.Add() = std::move(file);
  }
  std::sort(manifest.files.begin(), manifest.files.end(),
            [](const ArtifactFile& a, const ArtifactFile& b) { return a.path() < b.path(); });
  CAIRN_RETURN_IF_ERROR(CheckTree(field, manifest.files));
  manifest.sha256 = Sha256Hex(CanonicalManifest(manifest.files));
  return manifest;
}

std::string CanonicalManifest(const ArtifactFiles& sorted_files) {
  std::string text;
  for (const ArtifactFile& file : sorted_files) {
    text +=
        fmt::format("{} {} {}\n", file.digest().sha256(), file.digest().size_bytes(), file.path());
  }
  return text;
}

}  // namespace cairn::core
