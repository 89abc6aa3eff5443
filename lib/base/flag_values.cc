#include "lib/base/flag_values.h"

#include "fmt/format.h"
#include "lib/base/errors.h"

namespace cairn {

absl::Status CheckFlagValues(std::span<const char* const> words,
                             const std::function<bool(std::string_view)>& takes_value) {
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string_view flag = words[i];
    if (flag == "--") break;
    if (!flag.starts_with("--") || !takes_value(flag)) continue;
    const std::string_view value = words[++i];
    if (!value.starts_with("--")) continue;
    return InvalidField(
        ErrorReason::CONFIG_INVALID, flag.substr(2), value,
        fmt::format("{} needs a value; if this is meant, write {}={}", flag, flag, value));
  }
  return absl::OkStatus();
}

}  // namespace cairn
