// Any files as a manifest: no crash; one that is accepted is in order, has each path once, none
// of them below another, and does not depend on the order in which the files came. The same
// bytes as the canonical form: what is read is written as it was, and is a manifest by itself.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "cairn/v1/artifacts.pb.h"
#include "lib/base/digest.h"
#include "server/core/manifest.h"

namespace {

using cairn::core::ArtifactFiles;
using cairn::core::MakeManifest;

void Require(bool holds) {
  if (!holds) std::abort();
}

// A file for each line; the first byte says what is wrong with it, if anything.
ArtifactFiles FilesOf(std::string_view lines) {
  ArtifactFiles files;
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (line.empty()) continue;
    auto& file = *files.Add();
    file.set_path(std::string(line.substr(1)));
    if (line[0] != 'd') file.mutable_digest()->set_sha256(cairn::DigestOf(line).Hex());
    if (line[0] == 'h') file.mutable_digest()->mutable_sha256()->pop_back();
    file.mutable_digest()->set_size_bytes(line[0] == 's' ? -1 : line[0]);
  }
  return files;
}

void CheckAccepted(const ArtifactFiles& files, int max_files) {
  const auto manifest = MakeManifest("files", files, max_files);
  if (!manifest.ok()) return;
  Require(manifest->files.size() == files.size() && files.size() <= max_files);
  for (int i = 1; i < manifest->files.size(); ++i) {
    const std::string& before = manifest->files[i - 1].path();
    const std::string& path = manifest->files[i].path();
    Require(before < path && path.compare(0, before.size() + 1, before + "/") != 0);
  }
  ArtifactFiles reversed;
  for (int i = files.size() - 1; i >= 0; --i) *reversed.Add() = files[i];
  const auto again = MakeManifest("files", reversed, max_files);
  Require(again.ok() && again->sha256 == manifest->sha256);
  Require(again->size_bytes == manifest->size_bytes);
}

void CheckCanonical(std::string_view text) {
  const auto manifest = cairn::core::ParseManifest("manifest", text, 64);
  if (!manifest.ok()) return;
  Require(cairn::core::CanonicalManifest(manifest->files) == text);
  const auto made = MakeManifest("files", manifest->files, 64);
  Require(made.ok() && made->sha256 == manifest->sha256);
  Require(made->size_bytes == manifest->size_bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  CheckAccepted(FilesOf(bytes), 64);
  CheckCanonical(bytes);
  // Few bytes are a manifest by chance: that of the files they stand for is one.
  const auto files = MakeManifest("files", FilesOf(bytes), 64);
  if (files.ok()) {
    const std::string text = cairn::core::CanonicalManifest(files->files);
    Require(cairn::core::ParseManifest("manifest", text, 64).ok());
    CheckCanonical(text);
  }
  cairn::v1::LogArtifactsRequest request;
  if (request.ParseFromArray(data, static_cast<int>(size))) CheckAccepted(request.files(), 8);
  return 0;
}
