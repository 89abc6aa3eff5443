#ifndef CAIRN_LIB_HTTP_ROUTER_H_
#define CAIRN_LIB_HTTP_ROUTER_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/http/exchange.h"
#include "lib/http/message.h"
#include "lib/http/responder.h"

namespace cairn::http {

// Answers one request.
//
// Runs on an I/O thread of the server, at the same time as other handlers when
// the server has several threads. It must be quick: while it runs, its thread
// serves nobody else. What takes a millisecond or more belongs to a slow route.
// An exception becomes a 500 and is not passed on.
using Handler = std::function<Response(const Request&)>;

// Takes one request and answers it later, from any thread.
//
// Called on an I/O thread like a Handler, and as quick; holds no thread meanwhile. The connection
// reads nothing more until then. An exception becomes a 500, unless it was answered before.
using AsyncHandler = std::function<void(Request, Responder)>;

// Takes one request whose body is not read yet, and does both, reading and answering, in pieces.
//
// Called on an I/O thread like a Handler, and as quick; see Exchange. An exception becomes a 500
// if nothing was answered yet; else the connection is cut.
using StreamHandler = std::function<void(Request, std::shared_ptr<Exchange>)>;

// One line of the route table. Exactly one of `handler`, `async` and `stream` is set.
struct Route {
  std::string method;      // upper case: "GET"
  std::string pattern;     // "/models/{model}/versions/{version}"
  std::string permission;  // what the caller must be allowed to do; never empty
  Handler handler;
  // The media type that a non-empty body must have, without parameters; empty
  // accepts any. JSON as the default keeps plain HTML forms of other sites out.
  std::string body_type = "application/json";
  // The handler runs on the server's worker: one at a time, in the order in which requests
  // arrived, while the I/O threads serve the quick routes. A connection has one request
  // there at most, however many it has sent ahead.
  bool slow = false;
  AsyncHandler async = nullptr;
  // Bodies may be as large as this if it is more than HttpLimits::max_body_bytes. For a stream it
  // bounds all pieces together; 0 bounds them not at all.
  std::size_t max_body_bytes = 0;
  StreamHandler stream = nullptr;
  // Asked at the head of a request whose body is above HttpLimits::max_body_bytes, before room is
  // kept for it: who holds that room (HttpLimits::max_large_share), "" for nobody in particular, or
  // why it is refused. Quick, on an I/O thread; null lets all in.
  std::function<absl::StatusOr<std::string>(const Request& head)> admit = nullptr;
  // Until when the whole body must be there, if HttpLimits::read_timeout is not less. Not asked for
  // a stream.
  std::function<std::optional<std::chrono::steady_clock::time_point>(const Request& head)>
      deadline = nullptr;
  // The answer that refuses a request before its handler has it; null: ErrorResponse.
  //   INVALID_ARGUMENT    a header is there twice
  //   DEADLINE_EXCEEDED   the body came too late
  //   RESOURCE_EXHAUSTED  no room for it
  //   UNAVAILABLE         the server stops; and what `admit` says
  std::function<Response(const Request& head, const absl::Status& why)> refuse = nullptr;
};

// The table of routes: finds the route for a method and a path.
//
// A pattern is a list of segments: text that must be equal after decoding,
// {name} for exactly one non-empty segment, and as the last one {name=**} for
// one or more segments, joined by '/'. Where several patterns match, the one
// with text where the others have a parameter wins, decided at the first
// segment that differs. A GET route also answers HEAD.
//
// Immutable after Create, so safe from any thread; movable.
class Router {
 public:
  // What Find learnt.
  struct Match {
    const Route* route = nullptr;  // null: nothing matched; owned by the router
    NameValues params;             // of `route`
    // When `route` is null: the methods that the path would answer, sorted;
    // empty when no pattern matches the path.
    std::vector<std::string> allowed;
  };

  // Returns INVALID_ARGUMENT, naming the route, for a method that is not upper
  // case letters, a malformed pattern, a parameter named twice, an empty
  // permission, no handler or several, or two routes that would match the same requests.
  static absl::StatusOr<Router> Create(std::vector<Route> routes);

  // `segments` as ParseTarget gives them.
  Match Find(std::string_view method, const std::vector<std::string>& segments) const;

  // Every route, most specific pattern first. For permission tables and docs.
  std::vector<const Route*> routes() const;

 private:
  enum class Kind { kText, kParam, kRest };
  struct Segment {
    Kind kind;
    std::string text;  // the text itself, or the parameter's name
  };
  struct Entry {
    Route route;
    std::vector<Segment> segments;
  };

  static absl::StatusOr<std::vector<Segment>> ParsePattern(std::string_view pattern);
  static absl::StatusOr<Segment> ParseSegment(std::string_view text, bool last);
  static absl::StatusOr<Entry> ParseRoute(Route route);
  static int Compare(const Entry& a, const Entry& b);
  static bool Matches(const Entry& entry, const std::vector<std::string>& segments);
  static NameValues Params(const Entry& entry, const std::vector<std::string>& segments);

  std::vector<Entry> entries_;  // most specific first
};

}  // namespace cairn::http

#endif  // CAIRN_LIB_HTTP_ROUTER_H_
