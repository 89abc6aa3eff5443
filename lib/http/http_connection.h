#ifndef CAIRN_LIB_HTTP_HTTP_CONNECTION_H_
#define CAIRN_LIB_HTTP_HTTP_CONNECTION_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/http/host_port.h"
#include "lib/http/message.h"

namespace cairn::http {

// Many requests to one server that is not ours, over plain HTTP/1.1 on a connection that is kept.
// There is no TLS and no proxy; a redirection is an answer like any other and is never followed.

struct ConnectionOptions {
  // How long the server may be silent: while it connects, before its answer, between two parts.
  std::chrono::milliseconds silence{120'000};
  // How long a connection may take in all, once the name was looked up; 0 bounds its silence only.
  std::chrono::milliseconds total{0};
  // Of an answer's body that is kept in memory; a larger one is refused before it is.
  std::size_t max_body_bytes = std::size_t{64} << 20;
};

// What is asked. Value type.
struct ClientRequest {
  std::string method = "GET";
  std::string target;  // begins with '/', percent-encoded
  NameValues headers;  // besides Host and Content-Length
  std::string body;
};

// Takes the bytes of a body in order, each once; an error ends the exchange and is its result.
using BodySink = std::function<absl::Status(std::string_view bytes)>;

// Errors of both calls, with `url` as metadata:
//   UNAVAILABLE (SERVER_UNREACHABLE)  no such host; nobody listens; the connection broke, or was
//                                     closed before the answer, as a port of gRPC does
//   DEADLINE_EXCEEDED (CALL_ENDED)    the server was silent for too long, or the time is over
//   INVALID_ARGUMENT (TLS_REQUIRED)   the port speaks TLS
//   INVALID_ARGUMENT (REQUEST_MALFORMED)  it answered, and not in HTTP/1.1
//   OUT_OF_RANGE (TOO_LARGE)          the body is above the bound
//   RESOURCE_EXHAUSTED (SERVER_UNREACHABLE)  this process has no descriptor or no memory left
//
// A kept connection that the server has closed meanwhile is opened again, and the request sent once
// more: REQUIRES that every request is safe to repeat. Blocks. One thread at a time; movable.
class HttpConnection {
 public:
  explicit HttpConnection(HostPort server, ConnectionOptions options = {});
  ~HttpConnection();
  HttpConnection(HttpConnection&&) noexcept;
  HttpConnection& operator=(HttpConnection&&) noexcept;

  // The whole answer. Every status of HTTP is one.
  absl::StatusOr<Response> Ask(const ClientRequest& request);

  // The same, but the body of an answer of status 200 goes to `sink` as it comes, however long it
  // is, through a buffer of 256 KiB; the response's body is then empty. After an error the sink may
  // have a part of it, which is to be thrown away.
  absl::StatusOr<Response> Fetch(const ClientRequest& request, const BodySink& sink);

 private:
  class Impl;  // keeps Boost out of this header

  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::http

#endif  // CAIRN_LIB_HTTP_HTTP_CONNECTION_H_
