#include "lib/client/upload_id.h"

#include <unistd.h>

#include "fmt/format.h"
#include "lib/base/files.h"

namespace cairn::client {
namespace {

constexpr int64_t kMachineIdBytes = 4096;

// What tells this machine from others; its name where the system has no id.
std::string MachineId() {
  if (auto id = ReadFile("/etc/machine-id", kMachineIdBytes); id.ok() && !id->empty()) return *id;
  char name[256] = {};
  return ::gethostname(name, sizeof(name) - 1) == 0 ? name : "";
}

}  // namespace

std::string ResumableUploadUuid(const Digest& digest, std::string_view principal) {
  static const std::string machine = MachineId();
  const std::string hex =
      Sha256Hex(fmt::format("cairn upload\n{}\n{}\n{}\n{}\n{}", machine, ::getuid(), principal,
                            digest.Hex(), digest.size_bytes));
  // Version 4 and its variant stand at fixed places.
  return fmt::format("{}-{}-4{}-a{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(13, 3),
                     hex.substr(17, 3), hex.substr(20, 12));
}

}  // namespace cairn::client
