#ifndef CAIRN_SERVER_GATEWAY_CONNECT_ROUTES_H_
#define CAIRN_SERVER_GATEWAY_CONNECT_ROUTES_H_

#include <vector>

#include "lib/http/router.h"
#include "server/calls/environment.h"
#include "server/service/method_table.h"

namespace cairn::gateway {

// The methods of the table over HTTP, as the Connect protocol (version 1) has them:
//
//   POST /cairn.v1.TrackingService/GetRun    application/json or application/proto
//   GET  /cairn.v1.TrackingService/GetRun?encoding=json&message=%7B…%7D[&base64=1]
//
// GET is for methods that only read. Who calls is said by `authorization`, a bearer token or Basic
// with a token as the password, and how long somebody waits by `connect-timeout-ms`. What is
// answered, by which thread, in which turn and to whom is that of every transport (calls::Unary).
//
// A WaitOperation lasts a minute at most (connect_wait.h). A method that streams answers
// UNIMPLEMENTED and names gRPC. What the HTTP server refuses itself (hosts, unknown paths, sizes)
// has that server's error body, from whose status clients of Connect make a code.
//
// `environment` and `methods` outlive the routes and all calls.
std::vector<http::Route> ConnectRoutes(calls::Environment& environment,
                                       const service::MethodTable& methods);

}  // namespace cairn::gateway

#endif  // CAIRN_SERVER_GATEWAY_CONNECT_ROUTES_H_
