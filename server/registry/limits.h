#ifndef CAIRN_SERVER_REGISTRY_LIMITS_H_
#define CAIRN_SERVER_REGISTRY_LIMITS_H_

#include <cstddef>

#include "server/core/limits.h"

namespace cairn::registry {

// Limits on what clients name and describe, in bytes.
inline constexpr size_t kMaxNameBytes = limits::kResourceNameBytes;
inline constexpr size_t kMaxTextBytes = limits::kTextBytes;

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_LIMITS_H_
