#ifndef CAIRN_SERVER_REGISTRY_LIMITS_H_
#define CAIRN_SERVER_REGISTRY_LIMITS_H_

#include <cstddef>

#include "server/core/limits.h"

namespace cairn::registry {

// Limits on what clients name and describe, in bytes. They are those that all nouns
// share (server/core/limits.h), under the names that this folder uses.
//
// Of names of models, aliases and policies and of the keys of tags.
inline constexpr size_t kMaxNameBytes = limits::kResourceNameBytes;
// Of descriptions and of the values of what is free text.
inline constexpr size_t kMaxTextBytes = limits::kTextBytes;

// Of the read set of one decision: each version that is not archived, and each final evaluation of
// it, is named there with its digest, and a decision is answered in one message.
inline constexpr int64_t kMaxReadSetBytes = 1'500'000;

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_LIMITS_H_
