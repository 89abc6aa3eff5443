#ifndef CAIRN_CLIENT_CLI_COMMANDS_EACH_TARGET_H_
#define CAIRN_CLIENT_CLI_COMMANDS_EACH_TARGET_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/cli/terminal.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"

namespace cairn::cli {

// "X", or "X and 2 more": what a question about `count` things names.
inline std::string FirstAndMore(std::string_view first, size_t count) {
  return count == 1 ? std::string(first) : fmt::format("{} and {} more", first, count - 1);
}

// Does `act` to each of the resources that a command names, and answers how the program ends. All
// names are known to be right before the first is touched; what the server refuses then is said,
// and the others are done all the same: kExitPartial unless it refused them all.
template <typename Act>
absl::StatusOr<int> ForEachTarget(Session& session, const std::vector<std::string>& targets,
                                  const Act& act) {
  absl::Status first_error;
  int exit_code = kExitOk;
  size_t done = 0;
  for (const std::string& target : targets) {
    absl::StatusOr<int> code = act(target);
    if (code.ok()) {
      ++done;
      if (*code != kExitOk) exit_code = *code;
      continue;
    }
    if (targets.size() == 1 || absl::IsCancelled(code.status())) return code;
    if (first_error.ok()) first_error = code.status();
    session.Note(fmt::format("error: {}", Printable(std::string(code.status().message()))));
  }
  if (first_error.ok()) return exit_code;
  if (done == 0) return first_error;
  return kExitPartial;
}

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_EACH_TARGET_H_
