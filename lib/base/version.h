#ifndef CAIRN_LIB_BASE_VERSION_H_
#define CAIRN_LIB_BASE_VERSION_H_

#include <string_view>

namespace cairn {

// The release of all programs of this project (semantic versioning). What `--version`
// prints and GetServerInfo reports.
inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_VERSION_H_
