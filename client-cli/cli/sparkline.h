#ifndef CAIRN_CLIENT_CLI_CLI_SPARKLINE_H_
#define CAIRN_CLIENT_CLI_CLI_SPARKLINE_H_

#include <optional>
#include <string>
#include <vector>

namespace cairn::cli {

// `values` as one line of UTF-8, a character each: eight heights of blocks from the
// least value to the greatest, a space where there is none (or it is not finite), a
// line of middle height when all are equal. Empty for no values. Without `unicode` the
// heights are characters of ASCII: `_.-~=+*#`. Pure.
std::string Sparkline(const std::vector<std::optional<double>>& values, bool unicode = true);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_CLI_SPARKLINE_H_
