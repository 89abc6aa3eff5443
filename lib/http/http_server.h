#ifndef CAIRN_LIB_HTTP_HTTP_SERVER_H_
#define CAIRN_LIB_HTTP_HTTP_SERVER_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/http/dispatcher.h"
#include "lib/http/router.h"

struct sockaddr_storage;

namespace cairn::tls {
class TlsContext;
}  // namespace cairn::tls

namespace cairn::http {

// Bounds on what a client may cost.
struct HttpLimits {
  std::size_t max_header_bytes = std::size_t{16} << 10;  // request line and headers: else 431
  std::size_t max_body_bytes = std::size_t{4} << 20;     // else 413; see Route::max_body_bytes
  // What those bodies may hold together that only their routes allow to be as large, from
  // their headers until their answers are there: else 503 with Retry-After.
  std::size_t max_large_bytes = std::size_t{64} << 20;
  std::size_t max_large_share = std::size_t{32} << 20;  // of it for one that Route::admit names
  // For a further connection that one is closed that has no whole request for longest, so that
  // silent and slow clients keep nobody out. If all have one it gets 503 with Retry-After; beyond
  // twice as many they are closed without an answer.
  std::size_t max_connections = 1024;
  std::chrono::milliseconds read_timeout{30'000};   // first to last byte of a request: else 408
  std::chrono::milliseconds write_timeout{30'000};  // a whole answer: else the connection is cut
  // Between requests: then closed. Between pieces of a body that a handler reads (Exchange).
  std::chrono::milliseconds idle_timeout{120'000};
  std::chrono::milliseconds handshake_timeout{10'000};  // of TLS: then closed

  // Handshakes at a time; of more the one that is longest under way is closed, so that slow ones
  // keep nobody out.
  std::size_t max_handshakes() const { return std::max<std::size_t>(max_connections / 2, 1); }
};

// Asked about each connection before anything is done with it: what stands for its place, let go
// when it is closed. Null: it is closed at once, without an answer. On one thread at a time.
using Gate = std::function<std::shared_ptr<void>(const sockaddr_storage& peer)>;

struct HttpServerOptions {
  std::string address = "127.0.0.1:0";  // HOST:PORT, "[::1]:0"; port 0 picks a free one
  int threads = 1;                      // I/O threads, which also run quick handlers; 1..64
  HttpLimits limits;
  // Names beyond localhost and the bound address that requests may carry in
  // Host and Origin; see HostPolicy.
  std::vector<std::string> allowed_hosts;
  const tls::TlsContext* tls = nullptr;  // null: plain text; outlives the server
  Authorizer authorize;                  // null allows everything
  Observer observe;                      // null: nobody is told
  Gate gate;                             // null lets all in
};

// An HTTP/1.1 server on its own threads, with or without TLS.
//
// Keeps connections alive, answers pipelined requests in order, reads bodies (Content-Length or
// chunked) whole or in pieces and sets TCP_NODELAY. Each connection is served by one I/O thread at
// a time. Handlers run on these, those of slow routes on one thread more, and may answer later or
// in pieces: see Handler, AsyncHandler, StreamHandler and Route. A TLS connection begins with the
// certificate that the context has then; who speaks plain text to it is told so.
//
// Thread-safe, except that it must be destroyed by one thread and not from a
// handler. The destructor is Stop with 5 seconds.
class HttpServer {
 public:
  // Binds, listens and serves. Returns INVALID_ARGUMENT for an address that is
  // not HOST:PORT or does not resolve and for options out of range;
  // FAILED_PRECONDITION when the address is taken or may not be used.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(HttpServerOptions options,
                                                           Router router);

  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // The bound port.
  int port() const;

  // The bound address as "HOST:PORT", an IPv6 host in brackets.
  std::string address() const;

  // Open connections, for metrics.
  std::size_t connections() const;

  // Requests to slow routes that wait for the worker or are run by it, for metrics.
  std::size_t waiting() const;

  // Stops in order: accepts nobody, closes idle connections, lets requests that
  // have begun finish with "Connection: close", answers 503 after half of `drain` to those
  // that have not arrived by then, and cuts what is left after `drain`. Returns when all threads
  // have ended; a handler that does not return, or a request that is not answered, holds it up.
  // Later calls do nothing.
  void Stop(std::chrono::milliseconds drain);

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::http

#endif  // CAIRN_LIB_HTTP_HTTP_SERVER_H_
