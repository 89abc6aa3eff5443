#ifndef CAIRN_LIB_COMMAND_LINE_ENVIRONMENT_H_
#define CAIRN_LIB_COMMAND_LINE_ENVIRONMENT_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace cairn::command_line {

// Reads an environment variable by its whole name, prefix included; nullopt when it is not set.
// Injected so that tests need not change the process' own environment.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

// The process' environment, read at each call. REQUIRES: nobody changes it meanwhile, which no
// program here does. A variable that is set and empty is the empty text.
Environment ProcessEnvironment();

}  // namespace cairn::command_line

#endif  // CAIRN_LIB_COMMAND_LINE_ENVIRONMENT_H_
