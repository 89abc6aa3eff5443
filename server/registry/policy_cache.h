#ifndef CAIRN_SERVER_REGISTRY_POLICY_CACHE_H_
#define CAIRN_SERVER_REGISTRY_POLICY_CACHE_H_

#include <cstddef>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "lib/base/mutex.h"
#include "lib/promotion/policy.h"

namespace cairn::registry {

// Policies that were parsed lately, by the SHA-256 of their text.
//
// A decision needs the policy of its channel, and parsing its YAML costs more than the rest of a
// small decision. A text always parses to the same policy, so nothing ever has to be dropped but
// for room. Texts that do not parse are not kept: no stored policy is one.
//
// Safe to use from any thread; a text that is asked for by two at once may be parsed twice.
class PolicyCache {
 public:
  explicit PolicyCache(size_t capacity) : capacity_(capacity) {}

  // The policy that the text says. Errors are those of promotion::ParsePolicy. Copies of a policy
  // share its rules.
  absl::StatusOr<promotion::Policy> Get(std::string_view source);

  // How many there are now; at most the capacity.
  size_t size() const;

 private:
  using Entry = std::pair<std::string, promotion::Policy>;  // digest of the text, policy

  const size_t capacity_;
  mutable Mutex mutex_;
  std::list<Entry> entries_ CAIRN_GUARDED_BY(mutex_);  // the one used last in front
  std::map<std::string_view, std::list<Entry>::iterator> by_digest_ CAIRN_GUARDED_BY(mutex_);
};

// The one of this process.
PolicyCache& ParsedPolicies();

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_POLICY_CACHE_H_
