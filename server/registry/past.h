#ifndef CAIRN_SERVER_REGISTRY_PAST_H_
#define CAIRN_SERVER_REGISTRY_PAST_H_

#include <string>

#include "absl/status/status.h"
#include "lib/base/errors.h"

namespace cairn::registry {

// Refuses a read of the past, which this server cannot give: who asks for it must not be answered
// with the present. INVALID_ARGUMENT (VALUE_INVALID) for a request with `as_of_revision` or
// `as_of_time`. Pure.
template <typename Request>
absl::Status RefusePast(const Request& request) {
  const bool by_revision = request.as_of_revision() != 0;
  if (!by_revision && !request.has_as_of_time()) return absl::OkStatus();
  return InvalidField(ErrorReason::VALUE_INVALID, by_revision ? "as_of_revision" : "as_of_time",
                      by_revision ? std::to_string(request.as_of_revision())
                                  : std::to_string(request.as_of_time().seconds()) + "s",
                      "not supported yet: must not be set")
      .ToStatus();
}

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_PAST_H_
