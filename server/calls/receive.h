#ifndef CAIRN_SERVER_CALLS_RECEIVE_H_
#define CAIRN_SERVER_CALLS_RECEIVE_H_

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "lib/base/status_macros.h"
#include "server/calls/environment.h"
#include "server/service/authorize.h"

namespace cairn::calls {

// The one way by which requests come in, whatever transport brings them: who calls, then what was
// sent, then whether the caller may do it. Nothing is parsed for who is not known, and nothing is
// looked up before it is known that the caller may.
//
// `parse` reads what was sent into `request` and answers how that went. `continues`: it is not the
// first of its stream, so it may leave out what the first one said. Takes the thread for as long as
// parsing takes; a flow calls it in the call's turn. Errors are those of service::CheckIdentity,
// `parse` and service::Authorize.
template <typename Parse>
// `request` is not to be used after an error. Later messages of a stream are asked
// about again, because each may name another resource.
absl::Status Receive(const Environment& environment, const service::Method& method,
                     const service::Caller& caller, const Parse& parse,
                     google::protobuf::Message& request, bool continues = false) {
  CAIRN_RETURN_IF_ERROR(service::CheckIdentity(environment.access, caller));
  CAIRN_RETURN_IF_ERROR(parse(request));
  return service::Authorize(environment.access, method, caller, request, continues);
}

}  // namespace cairn::calls

#endif  // CAIRN_SERVER_CALLS_RECEIVE_H_
