#include "pipeline/commands/serve_names.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"

namespace cairn::pipeline {

absl::StatusOr<ChannelRef> ServedChannel(const std::string& reference) {
  const size_t mark = reference.find('#');
  ChannelRef ref{reference.substr(0, mark),
                 mark == std::string::npos ? "production" : reference.substr(mark + 1)};
  if (!ref.model.empty() && !ref.channel.empty()) return ref;
  return InvalidField(ErrorReason::NAME_INVALID, "model", reference,
                      "must be a file, NAME, NAME#CHANNEL, NAME@VERSION or NAME@ALIAS")
      .ToStatus();
}

absl::StatusOr<std::string> ServingDirectory(const std::string& state_dir,
                                             const ChannelRef& channel) {
  std::string directory = state_dir;
  if (directory.empty()) {
    const char* const state = std::getenv("XDG_STATE_HOME");
    const char* const home = std::getenv("HOME");
    if (state != nullptr && *state == '/') {
      directory = state;
    } else if (home != nullptr && *home == '/') {
      directory = std::string(home) + "/.local/state";
    } else {
      return InvalidField(ErrorReason::FIELD_REQUIRED, "state-dir", "",
                          "must be given where there is neither $XDG_STATE_HOME nor $HOME")
          .ToStatus();
    }
    directory += fmt::format("/cairn/serving/{}/{}", PercentEncode(channel.model),
                             PercentEncode(channel.channel));
  }
  CAIRN_RETURN_IF_ERROR(MakeDirectories(directory));
  return directory;
}

std::string ConsumerOfProcess() {
  std::array<char, 181> host{};  // HOST_NAME_MAX is 64; the last byte stays zero
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  const std::string name(host.data());
  return fmt::format("{}-{}", name.empty() ? "host" : name, ::getpid());
}

}  // namespace cairn::pipeline
