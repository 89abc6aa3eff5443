#ifndef CAIRN_LIB_HTTP_HTTP_CLIENT_H_
#define CAIRN_LIB_HTTP_HTTP_CLIENT_H_

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/http/host_port.h"
#include "lib/http/message.h"

namespace cairn::http {

// Asking a server of ours over plain HTTP/1.1: one GET on one connection, the whole answer in
// memory. There is no TLS, no redirection, no proxy and no second attempt. Data of other sites
// comes through the downloader of cairn-pipeline.

struct GetOptions {
  // From connecting to the last byte received. Looking up a name comes on top.
  std::chrono::milliseconds timeout{30'000};
  // Of the answer's body; a larger one is refused before it is in memory.
  std::size_t max_body_bytes = std::size_t{1} << 28;
};

// Takes `HOST:PORT` and `http://HOST:PORT`, with or without a slash at the end.
// INVALID_ARGUMENT, which names `field` and the text: TLS_NOT_SPOKEN for https://, VALUE_INVALID
// for anything else, a path behind the port included. Pure.
absl::StatusOr<HostPort> ParseHttpAddress(std::string_view field, std::string_view text);

// GET `target`, which begins with '/' and is percent-encoded. Every status of HTTP is an answer.
//
//   UNAVAILABLE (SERVER_UNREACHABLE)  no such host; nobody listens; the connection broke, or was
//                                     closed before the answer, as a port of gRPC does
//   DEADLINE_EXCEEDED (CALL_ENDED)    the time is over
//   INVALID_ARGUMENT (TLS_REQUIRED)   the port speaks TLS
//   INVALID_ARGUMENT (REQUEST_MALFORMED)  it answered, and not in HTTP/1.1
//   OUT_OF_RANGE (TOO_LARGE)          the body is above the bound
//   RESOURCE_EXHAUSTED (SERVER_UNREACHABLE)  this process has no descriptor or no memory left
//
// All of them carry `url` as metadata. Blocks; safe to call from any thread.
absl::StatusOr<Response> Get(const HostPort& server, const std::string& target,
                             const GetOptions& options = {});

}  // namespace cairn::http

#endif  // CAIRN_LIB_HTTP_HTTP_CLIENT_H_
