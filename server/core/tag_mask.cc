#include "server/core/tag_mask.h"

#include <algorithm>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "server/core/limits.h"

namespace cairn::core {
namespace {

using cairn::v1::ErrorReason;

constexpr std::string_view kTagPath = "tags.";

std::string_view WithoutBackticks(std::string_view key) {
  if (key.size() < 2 || key.front() != '`' || key.back() != '`') return key;
  return key.substr(1, key.size() - 2);
}

}  // namespace

TagMask TagMask::OfPopulated(const Tags& wanted) {
  TagMask mask;
  mask.all_ = !wanted.empty();
  return mask;
}

absl::StatusOr<bool> TagMask::Take(std::string_view path) {
  if (path == "*" || path == "tags") {
    all_ = true;
    return true;
  }
  if (path.substr(0, kTagPath.size()) != kTagPath) return false;
  const std::string_view key = WithoutBackticks(path.substr(kTagPath.size()));
  if (key.empty() || key.size() > limits::kKeyBytes || !IsValidUtf8(key)) {
    return InvalidField(ErrorReason::UPDATE_MASK_INVALID, "update_mask",
                        IsValidUtf8(path) ? path.substr(0, 300) : kTagPath,
                        fmt::format("must name a key of 1 to {} bytes of UTF-8 behind `{}`",
                                    limits::kKeyBytes, kTagPath))
        .ToStatus();
  }
  keys_.emplace(key);
  return true;
}

Tags TagMask::Apply(const Tags& current, const Tags& wanted) const {
  if (all_) return wanted;
  Tags tags = current;
  for (const std::string& key : keys_) {
    const auto at = wanted.find(key);
    if (at == wanted.end()) {
      tags.erase(key);
    } else {
      tags[key] = at->second;
    }
  }
  return tags;
}

bool SameTags(const Tags& a, const Tags& b) {
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const auto& tag) {
           const auto at = b.find(tag.first);
           return at != b.end() && at->second == tag.second;
         });
}

}  // namespace cairn::core
