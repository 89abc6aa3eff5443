#ifndef CAIRN_SERVER_SERVICE_CALLER_H_
#define CAIRN_SERVER_SERVICE_CALLER_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"

namespace cairn::service {

// Who calls, and until when somebody waits for the answer. Made by an adapter (rpc, gateway) from
// what its transport knows, and handed to the method as it is. Belongs to one call, which outlives
// it; safe to copy.
struct Caller {
  // Not a proof of identity (nothing is authenticated): it only keeps the request ids of different
  // callers apart.
  std::string principal = "anonymous";
  // When the call began, by the machine's clock: for what is stored as a time.
  int64_t now_unix_nanos = 0;
  // CANCELLED or DEADLINE_EXCEEDED (CALL_ENDED) once nobody waits for the answer; long work asks
  // now and then. Null: somebody always does. May be called from any thread.
  std::function<absl::Status()> ended;

  absl::Status Ended() const { return ended ? ended() : absl::OkStatus(); }
};

}  // namespace cairn::service

#endif  // CAIRN_SERVER_SERVICE_CALLER_H_
