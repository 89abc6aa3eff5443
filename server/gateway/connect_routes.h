#ifndef CAIRN_SERVER_GATEWAY_CONNECT_ROUTES_H_
#define CAIRN_SERVER_GATEWAY_CONNECT_ROUTES_H_

#include <chrono>
#include <cstdint>
#include <vector>

#include "lib/http/router.h"
#include "server/calls/environment.h"
#include "server/service/method_table.h"

namespace cairn::gateway {

// How messages may arrive; see Arrival.
struct ArrivalLimits {
  int64_t max_bytes = int64_t{24} << 20;         // of all that are not complete
  int64_t max_bytes_of_one = int64_t{12} << 20;  // of those of one caller
  std::chrono::milliseconds longest{30'000};     // for a message
};

// The methods of the table over HTTP, as the Connect protocol (version 1) has them:
//
//   POST /cairn.v1.TrackingService/GetRun    application/json or application/proto
//   GET
//   /cairn.v1.TrackingService/GetRun?encoding=json&message=%7B…%7D[&base64=1][&compression=gzip]
//   POST /cairn.v1.WatchService/Watch        application/connect+json or application/connect+proto
//
// GET is for unary methods that only read; what streams in either direction is the third form
// (connect_envelope.h). Who calls is said by `authorization`, a bearer token or Basic with a token
// as the password, and how long somebody waits by `connect-timeout-ms`. Messages may be packed by
// gzip, both ways. What is answered, by which thread, in which turn and to whom is that of every
// transport (server/calls).
//
// What the HTTP server refuses itself (hosts, unknown paths, sizes) has that server's error body,
// from whose status clients of Connect make a code. LogMetrics is half duplex
// (connect_metric_stream.h).
//
// Messages above 64 KiB that are read by calls and not complete are bounded by `limits`.
// `environment` and `methods` outlive the routes and all calls.
std::vector<http::Route> ConnectRoutes(calls::Environment& environment,
                                       const service::MethodTable& methods,
                                       const ArrivalLimits& limits);

}  // namespace cairn::gateway

#endif  // CAIRN_SERVER_GATEWAY_CONNECT_ROUTES_H_
