// Any bytes as the path of an artifact: no crash; what the rule takes stays below its directory.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "lib/base/artifact_path.h"

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
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!cairn::CheckArtifactPath("path", bytes).ok()) return 0;
  Require(!bytes.empty() && bytes.size() <= cairn::kMaxArtifactPathBytes);
  CheckStays(std::string(bytes));
  return 0;
}
