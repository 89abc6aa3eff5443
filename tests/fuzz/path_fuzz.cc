// Any bytes as the path of an artifact: no crash; what the server stores is its own canonical
// form, stays below its directory, and is taken by the client that fetches it.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "lib/client/artifact_path.h"
#include "server/core/artifact_path.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckStays(const std::string& path) {
  const std::filesystem::path whole = std::filesystem::path("/files") / path;
  Require(whole.lexically_normal() == whole);
  Require(whole.string().compare(0, 7, "/files/") == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cairn::core::NormalizeArtifactDirectory;
  using cairn::core::NormalizeArtifactPath;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto path = NormalizeArtifactPath("path", bytes);
  if (path.ok()) {
    Require(!path->empty() && path->size() <= cairn::core::kMaxArtifactPathBytes);
    const auto again = NormalizeArtifactPath("path", *path);
    Require(again.ok() && *again == *path);
    Require(cairn::client::ValidateArtifactPath(*path).ok());
    CheckStays(*path);
  }
  const auto directory = NormalizeArtifactDirectory("path", bytes);
  Require(directory.ok() || !path.ok());
  if (directory.ok() && !directory->empty()) {
    const auto again = NormalizeArtifactDirectory("path", *directory);
    Require(again.ok() && *again == *directory);
    CheckStays(*directory);
  }
  if (cairn::client::ValidateArtifactPath(bytes).ok()) CheckStays(std::string(bytes));
  return 0;
}
