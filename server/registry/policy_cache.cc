#include "server/registry/policy_cache.h"

#include "lib/base/digest.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/policy_parser.h"

namespace cairn::registry {

absl::StatusOr<promotion::Policy> PolicyCache::Get(std::string_view source) {
  std::string digest = Sha256Hex(source);
  {
    const MutexLock lock(&mutex_);
    const auto known = by_digest_.find(digest);
    if (known != by_digest_.end()) {
      entries_.splice(entries_.begin(), entries_, known->second);
      return entries_.front().second;
    }
  }
  CAIRN_ASSIGN_OR_RETURN(promotion::Policy policy, promotion::ParsePolicy(source));
  const MutexLock lock(&mutex_);
  if (by_digest_.count(digest) > 0) return policy;
  entries_.emplace_front(std::move(digest), policy);
  by_digest_.emplace(entries_.front().first, entries_.begin());
  if (entries_.size() > capacity_) {
    by_digest_.erase(entries_.back().first);
    entries_.pop_back();
  }
  return policy;
}

size_t PolicyCache::size() const {
  const MutexLock lock(&mutex_);
  return entries_.size();
}

PolicyCache& ParsedPolicies() {
  constexpr size_t kPolicies = 64;
  static PolicyCache cache(kPolicies);
  return cache;
}

}  // namespace cairn::registry
