#include "lib/command_line/environment.h"

#include <cstdlib>

namespace cairn::command_line {

Environment ProcessEnvironment() {
  return [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

}  // namespace cairn::command_line
