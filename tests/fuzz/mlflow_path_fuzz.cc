// Any bytes as a path that a client of MLflow sends: no crash; what is taken is decoded to the end,
// stays below its directory, and is taken again as what it is.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "lib/base/artifact_path.h"
#include "server/mlflow/artifact_path.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckTaken(const std::string& path) {
  if (path.empty()) return;
  Require(cairn::CheckArtifactPath("path", path).ok());
  Require(path.find_first_of("\\#?;") == std::string::npos);
  const std::filesystem::path whole = std::filesystem::path("/files") / path;
  Require(whole.lexically_normal() == whole);
  Require(whole.string().compare(0, 7, "/files/") == 0);
  const auto again = cairn::mlflow::ArtifactPathOf(path);
  Require(again.ok() && *again == path);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto path = cairn::mlflow::ArtifactPathOf(bytes); path.ok()) CheckTaken(*path);
  if (const auto place = cairn::mlflow::ArtifactPlaceOf(bytes); place.ok()) {
    Require(place->run_id.size() == 32);
    if (!place->path.empty()) Require(cairn::CheckArtifactPath("path", place->path).ok());
  }
  return 0;
}
