#ifndef CAIRN_SERVER_GATEWAY_CONNECT_WAIT_H_
#define CAIRN_SERVER_GATEWAY_CONNECT_WAIT_H_

#include <chrono>
#include <optional>

#include "lib/http/responder.h"
#include "server/calls/call_record.h"
#include "server/calls/environment.h"
#include "server/gateway/connect_call.h"
#include "server/service/caller.h"
#include "server/service/method.h"

namespace cairn::gateway {

// Serves a call of WaitOperation that came over HTTP, as calls::OperationWait says: answers with
// the operation as it is when it is done, when the request's timeout or `deadline` is over, or when
// the client leaves. No thread waits meanwhile; the connection has this call only.
//
// Any thread; does not block: the request is parsed within, as it is small, and its errors are the
// answer. The record has begun. `environment` and `method` outlive the call, which owns itself.
void BeginConnectWait(calls::Environment& environment, const service::Method& method,
                      service::Caller caller, calls::CallRecord record, ConnectCall::Input input,
                      std::optional<std::chrono::steady_clock::time_point> deadline,
                      const http::Responder& responder);

}  // namespace cairn::gateway

#endif  // CAIRN_SERVER_GATEWAY_CONNECT_WAIT_H_
