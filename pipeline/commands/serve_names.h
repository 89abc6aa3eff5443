#ifndef CAIRN_PIPELINE_COMMANDS_SERVE_NAMES_H_
#define CAIRN_PIPELINE_COMMANDS_SERVE_NAMES_H_

#include <string>

#include "absl/status/statusor.h"
#include "lib/base/resource_names.h"

namespace cairn::pipeline {

// What `serve` follows, where it keeps what it has, and by what it is known.

// The channel that a reference without a version means: `NAME#CHANNEL`, or production of `NAME`.
// INVALID_ARGUMENT (NAME_INVALID) when one of them is empty. Pure.
absl::StatusOr<ChannelRef> ServedChannel(const std::string& reference);

// `state_dir`, or the channel's own directory below $XDG_STATE_HOME or ~/.local/state where it is
// empty; it is made. INVALID_ARGUMENT (FIELD_REQUIRED) when there is neither, else errors of
// MakeDirectories.
absl::StatusOr<std::string> ServingDirectory(const std::string& state_dir,
                                             const ChannelRef& channel);

// By what this process is known where it is not told, HOSTNAME-PID: unique as long as it lives.
std::string ConsumerOfProcess();

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_COMMANDS_SERVE_NAMES_H_
