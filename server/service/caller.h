#ifndef CAIRN_SERVER_SERVICE_CALLER_H_
#define CAIRN_SERVER_SERVICE_CALLER_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "server/auth/identity.h"

namespace cairn::service {

// Who calls, and until when somebody waits for the answer. Made by an adapter (rpc, gateway) from
// what its transport knows, and handed to the method as it is. Belongs to one call, which outlives
// it; safe to copy.
struct Caller {
  // Whose request ids the call's is one of: the principal of the identity, or, where the server
  // asks nobody who they are, what the caller calls itself.
  std::string requester = "anonymous";
  // When the call began, by the machine's clock: for what is stored as a time.
  int64_t now_unix_nanos = 0;
  // CANCELLED or DEADLINE_EXCEEDED (CALL_ENDED) once nobody waits for the answer; long work asks
  // now and then. Null: somebody always does. May be called from any thread.
  std::function<absl::Status()> ended;
  // Who it is, as far as that was proven; LocalIdentity where the server asks nobody. Null: it was
  // not, which a server with Backends::access lets do nothing.
  auth::IdentityPtr identity;
  // Why there is no identity: UNAUTHENTICATED with one of the reasons of AccessControl.
  absl::Status unauthenticated;

  // Who is said to have done what the call does.
  const std::string& principal() const {
    return identity == nullptr ? auth::LocalIdentity()->principal : identity->principal;
  }

  // Asks `ended`. Cheap enough for every page of a scan.
  absl::Status Ended() const { return ended ? ended() : absl::OkStatus(); }
};

}  // namespace cairn::service

#endif  // CAIRN_SERVER_SERVICE_CALLER_H_
