#ifndef CAIRN_SERVER_REGISTRY_LIMITS_H_
#define CAIRN_SERVER_REGISTRY_LIMITS_H_

#include <cstddef>

namespace cairn::registry {

// Limits on what clients name and describe, in bytes.
inline constexpr size_t kMaxNameBytes = 250;
inline constexpr size_t kMaxTextBytes = 5000;

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_LIMITS_H_
