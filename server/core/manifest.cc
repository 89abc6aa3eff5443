#include "server/core/manifest.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "fmt/format.h"
#include "lib/base/artifact_path.h"
#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/manifest_text.h"
#include "lib/base/status_macros.h"

namespace cairn::core {
namespace {

using cairn::v1::ArtifactFile;

absl::Status PathTwice(std::string_view field, std::string_view path) {
  return InvalidField(ErrorReason::ARTIFACT_PATH_INVALID, field, path, "must appear once");
}

bool HasPath(const ArtifactFiles& sorted, std::string_view path) {
  const auto at = std::lower_bound(
      sorted.begin(), sorted.end(), path,
      [](const ArtifactFile& file, std::string_view wanted) { return file.path() < wanted; });
  return at != sorted.end() && at->path() == path;
}

// Refuses "a" beside "a/b": no tree can hold both.
absl::Status CheckTree(std::string_view field, const ArtifactFiles& sorted) {
  std::string_view before;
  std::string_view directory;  // of the file before
  for (const ArtifactFile& file : sorted) {
    const std::string_view path = file.path();
    if (path == before) return PathTwice(field, path);
    before = path;
    const size_t last_slash = path.rfind('/');
    const std::string_view parent =
        last_slash == std::string_view::npos ? "" : path.substr(0, last_slash);
    if (parent == directory) continue;
    directory = parent;
    for (size_t slash = path.find('/'); slash != std::string_view::npos;
         slash = path.find('/', slash + 1)) {
      if (HasPath(sorted, path.substr(0, slash))) {
        return InvalidField(ErrorReason::ARTIFACT_PATH_INVALID, field, path.substr(0, slash),
                            "must not be a file and a directory at once");
      }
    }
  }
  return absl::OkStatus();
}

absl::Status TooManyFiles(std::string_view field, std::string_view count, int max_files) {
  return InvalidField(ErrorReason::TOO_LARGE, field, count,
                      fmt::format("must name at most {} files", max_files));
}

absl::Status NoFiles(std::string_view field) {
  return InvalidField(ErrorReason::FIELD_REQUIRED, field, "", "must name at least one file");
}

absl::Status NotCanonical(std::string_view field, size_t line, std::string_view rule) {
  return InvalidField(ErrorReason::VALUE_INVALID, field, fmt::format("line {}", line), rule);
}

// Adds to the size of all files. Nobody has so many bytes; whoever says so is refused.
absl::Status AddSize(std::string_view field, const ArtifactFile& file, Manifest& manifest) {
  const int64_t size = file.digest().size_bytes();
  if (!__builtin_add_overflow(manifest.size_bytes, size, &manifest.size_bytes)) {
    return absl::OkStatus();
  }
  return InvalidField(ErrorReason::TOO_LARGE, field, std::to_string(size),
                      "must have fewer than 2^63 bytes in all");
}

// One line of the canonical form, without its end.
absl::StatusOr<ArtifactFile> ParseLine(std::string_view field, size_t number,
                                       std::string_view line) {
  const size_t after_sha256 = line.find(' ');
  const size_t after_size = after_sha256 == std::string_view::npos
                                ? std::string_view::npos
                                : line.find(' ', after_sha256 + 1);
  if (after_size == std::string_view::npos) {
    return NotCanonical(field, number, "must be a SHA-256, a size and a path");
  }
  const std::string_view size = line.substr(after_sha256 + 1, after_size - after_sha256 - 1);
  int64_t size_bytes = -1;
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), size_bytes);
  if (error != std::errc() || end != size.data() + size.size() ||
      std::to_string(size_bytes) != size) {
    return NotCanonical(field, number, "must have its size in decimal");
  }
  const std::string_view path = line.substr(after_size + 1);
  ArtifactFile file;
  CAIRN_RETURN_IF_ERROR(CheckArtifactPath(field, path));
  file.set_path(std::string(path));
  file.mutable_digest()->set_sha256(std::string(line.substr(0, after_sha256)));
  file.mutable_digest()->set_size_bytes(size_bytes);
  CAIRN_RETURN_IF_ERROR(ParseDigest(file.digest().sha256(), size_bytes).status());
  return file;
}

}  // namespace

absl::StatusOr<Manifest> MakeManifest(std::string_view field, const ArtifactFiles& files,
                                      int max_files) {
  if (files.empty()) return NoFiles(field);
  if (files.size() > max_files) {
    return TooManyFiles(field, std::to_string(files.size()), max_files);
  }
  Manifest manifest;
  for (int i = 0; i < files.size(); ++i) {
    const std::string entry = fmt::format("{}[{}]", field, i);
    ArtifactFile file = files[i];
    CAIRN_RETURN_IF_ERROR(CheckArtifactPath(entry + ".path", file.path()));
    CAIRN_RETURN_IF_ERROR(ParseDigest(file.digest().sha256(), file.digest().size_bytes()).status());
    CAIRN_RETURN_IF_ERROR(AddSize(entry + ".digest.size_bytes", file, manifest));
    *manifest.files.Add() = std::move(file);
  }
  std::sort(manifest.files.begin(), manifest.files.end(),
            [](const ArtifactFile& a, const ArtifactFile& b) { return a.path() < b.path(); });
  CAIRN_RETURN_IF_ERROR(CheckTree(field, manifest.files));
  manifest.sha256 = Sha256Hex(CanonicalManifest(manifest.files));
  return manifest;
}

std::string CanonicalManifest(const ArtifactFiles& sorted_files) {
  return ManifestText(sorted_files);
}

absl::StatusOr<Manifest> ParseManifest(std::string_view field, std::string_view text,
                                       int max_files) {
  Manifest manifest;
  manifest.sha256 = Sha256Hex(text);
  if (text.empty()) return NoFiles(field);
  for (size_t number = 1; !text.empty(); ++number) {
    if (manifest.files.size() == max_files) {
      return TooManyFiles(field, "more", max_files);
    }
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      return NotCanonical(field, number, "must end with a line feed");
    }
    CAIRN_ASSIGN_OR_RETURN(ArtifactFile file, ParseLine(field, number, text.substr(0, end)));
    text.remove_prefix(end + 1);
    if (!manifest.files.empty() && file.path() <= manifest.files.rbegin()->path()) {
      return NotCanonical(field, number, "must come after the line before, by path");
    }
    CAIRN_RETURN_IF_ERROR(AddSize(field, file, manifest));
    *manifest.files.Add() = std::move(file);
  }
  CAIRN_RETURN_IF_ERROR(CheckTree(field, manifest.files));
  return manifest;
}

}  // namespace cairn::core
