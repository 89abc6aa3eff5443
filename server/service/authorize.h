#ifndef CAIRN_SERVER_SERVICE_AUTHORIZE_H_
#define CAIRN_SERVER_SERVICE_AUTHORIZE_H_

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "server/auth/allowance.h"
#include "server/auth/grants.h"
#include "server/service/caller.h"
#include "server/service/method.h"

namespace cairn::auth {
class AccessControl;
}  // namespace cairn::auth

namespace cairn::service {

// The one question whether a call may be made, asked by every transport before the method is. Reads
// nothing but the request and the role bindings, so it says nothing of what exists.
//
// What a call needs follows from its method's rule:
//
//   anywhere   the verb on anything at all
//   filtered   the verb on what the request names, if it does; else, for what the answer lists, on
//              something of that kind. A method that does not filter yet (Method::filters) needs it
//              on all of the kind. An answer of several kinds (`*`) is not bounded by what is
//              named.
//   within     the verb on something of a kind; the method asks for the rest itself, before it does
//              anything. One that does not yet (Method::asks_itself) needs it on all of the kind.
//   else       the verb on what the request names, or on the whole server if it names nothing
//
// and READ on what the rule says is read besides.
//
// Of a stream of requests each message that names a resource is a question of its own; one that
// names none and `continues` what others began goes with them. With null
// `access` everything is allowed. Thread-safe.
//   UNAUTHENTICATED (TOKEN_MISSING)        the caller has no identity
//   PERMISSION_DENIED (PERMISSION_DENIED)  as AccessControl::Authorize
absl::Status Authorize(const auth::AccessControl* access, const Method& method,
                       const Caller& caller, const google::protobuf::Message& request,
                       bool continues = false);

// The part of it that needs no request: for what is not to be received from nobody in particular.
//   UNAUTHENTICATED, as Caller::unauthenticated says
absl::Status CheckIdentity(const auth::AccessControl* access, const Caller& caller);

// What the caller may READ; everything if `access` is null, nothing if the caller has no identity.
auth::Sight SightOf(const auth::AccessControl* access, const Caller& caller);

// What the caller may do with `verb`, for methods that ask themselves; likewise.
auth::Allowance AllowanceOf(const auth::AccessControl* access, const Caller& caller, v1::Verb verb);

}  // namespace cairn::service

#endif  // CAIRN_SERVER_SERVICE_AUTHORIZE_H_
