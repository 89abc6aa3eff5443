#ifndef CAIRN_LIB_HTTP_DISPATCHER_H_
#define CAIRN_LIB_HTTP_DISPATCHER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "lib/http/host_policy.h"
#include "lib/http/message.h"
#include "lib/http/router.h"

namespace cairn::http {

// Decides whether the caller of `request` has `permission`. A status that is
// not OK is answered with its HTTP twin (401 for UNAUTHENTICATED, 403 for
// PERMISSION_DENIED). Called on the I/O threads, before the handler.
using Authorizer = std::function<absl::Status(const Request& request, std::string_view permission)>;

// What is known about a request when its answer has been written. `pattern` is
// the route's ("" when none matched), so it has few values and can be a label.
struct RequestRecord {
  std::string method;
  std::string pattern;
  int status = 0;
  std::uint64_t request_bytes = 0;       // body
  std::uint64_t response_bytes = 0;      // body
  std::chrono::nanoseconds duration{0};  // from the complete request to the last byte written
};

// Told about every answered request; called on the I/O threads, quick.
using Observer = std::function<void(const RequestRecord&)>;

// The part of the server that needs no socket: from a parsed message to an
// answer that is ready to be written.
//
// In this order: Host and Origin (403), the target (400), the route (404, 405
// with Allow), the media type of the body (415), the permission, the handler
// (500 if it throws), security headers. What a Handler answers is packed (gzip) from 1 KiB on for
// clients that take it; handlers that answer later do so themselves. Error bodies repeat nothing
// that the client sent. Thread-safe as far as the handlers and the authorizer are.
class Dispatcher {
 public:
  // A null `authorize` allows everything.
  Dispatcher(Router router, HostPolicy hosts, Authorizer authorize);

  struct Result {
    Response response;
    std::string pattern;  // of the route that answered, or empty
  };

  using Done = std::function<void(Result)>;

  // `request.path` holds the whole target on entry, as it was received;
  // `needs_host` is false for HTTP/1.0; `gone` is Responder's. Calls `done` exactly
  // once: before it returns, or from any thread later for a route that answers later.
  // Never throws, never blocks by itself.
  void Handle(Request request, bool needs_host, Responder::Gone gone, Done done) const;

  // The route of a request for a whole target, or null; owned by the dispatcher.
  const http::Route* Find(std::string_view method, std::string_view target) const;

  // As Handle for a route with a StreamHandler: all but what becomes of the exchange is over when
  // it returns. `has_body`: something is to be read.
  void HandleStream(Request head, bool needs_host, bool has_body,
                    std::shared_ptr<Exchange> exchange) const;

  // Adds what every answer carries. Used by Handle, and by the session for
  // answers to messages that could not be parsed.
  static void Finish(Response& response);
  static void Finish(NameValues& headers);

 private:
  absl::Status CheckOrigin(const Request& request, bool needs_host) const;
  const http::Route* Admit(Request& request, bool needs_host, bool has_body, Result& result) const;
  absl::Status Authorize(const http::Route& route, const Request& request) const;
  Response Invoke(const http::Route& route, const Request& request) const;
  static void InvokeAsync(const http::Route& route, Request request, Responder::Gone gone,
                          Done done);

  Router router_;
  HostPolicy hosts_;
  Authorizer authorize_;
};

}  // namespace cairn::http

#endif  // CAIRN_LIB_HTTP_DISPATCHER_H_
