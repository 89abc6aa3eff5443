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

// Versions that are not archived, and final evaluations of them, which one decision may read: each
// is named in its read set, and a decision is answered in one message.
inline constexpr int64_t kMaxDecisionReads = 10'000;

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_LIMITS_H_
