#ifndef CAIRN_LIB_HTTP_OUTGOING_POST_H_
#define CAIRN_LIB_HTTP_OUTGOING_POST_H_

#include <chrono>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/http/message.h"
#include "lib/http/web_url.h"

namespace cairn::http {

// What may be reached, and for how long one waits. Plain values.
struct OutgoingOptions {
  bool allow_http = false;
  bool allow_private = false;  // addresses that IsPublicAddress says no to
  // From connecting to the head of the answer; looking up the name comes on top.
  std::chrono::milliseconds timeout{10'000};
  // Asked several times a second: true gives up. Null: never.
  std::function<bool()> stopping;
};

// What is known of a URL without looking anything up: its scheme, and its host if that is an
// address or stands for this machine. INVALID_ARGUMENT (VALUE_INVALID), which names `field`, the
// URL's server and the rule. Pure.
absl::Status CheckOutgoing(std::string_view field, const WebUrl& url,
                           const OutgoingOptions& options);

// One POST to a server that somebody named, on a connection of its own: the status of its answer,
// whose body is not read. For servers that are not trusted, so
//
// - the name is looked up once, all its addresses have to be allowed, and the connection goes to
//   those very addresses;
// - https means a certificate that an authority of this system vouches for, and that has the host's
//   name; SSL_CERT_FILE names other authorities;
// - a redirection is an answer like any other, and no proxy is asked.
//
//   INVALID_ARGUMENT (VALUE_INVALID)       as CheckOutgoing, also of what the name leads to
//   UNAVAILABLE (SERVER_UNREACHABLE)       no such host; nobody listens; the connection broke; the
//                                          certificate is not trusted; or no HTTP/1.1 was answered
//   DEADLINE_EXCEEDED (CALL_ENDED)         the time is over
//   CANCELLED (CALL_ENDED)                 `stopping`
//
// Messages say nothing of what the server sent. Blocks; safe to call from any thread.
absl::StatusOr<int> PostOnce(const WebUrl& url, const NameValues& headers, const std::string& body,
                             const OutgoingOptions& options);

}  // namespace cairn::http

#endif  // CAIRN_LIB_HTTP_OUTGOING_POST_H_
