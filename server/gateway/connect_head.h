#ifndef CAIRN_SERVER_GATEWAY_CONNECT_HEAD_H_
#define CAIRN_SERVER_GATEWAY_CONNECT_HEAD_H_

#include <chrono>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/http/exchange.h"
#include "lib/http/message.h"
#include "server/calls/environment.h"
#include "server/gateway/connect_codec.h"
#include "server/gateway/connect_envelope.h"
#include "server/service/caller.h"

namespace cairn::gateway {

// What the head of a request says to all kinds of calls. Functions are safe from any thread and
// keep nothing of the request.

// Until when somebody waits, by a clock that never jumps; nullopt: as long as it takes.
using Deadline = std::optional<std::chrono::steady_clock::time_point>;

// The value of a header or of a parameter of the query; empty without one.
std::string_view HeaderOf(const http::Request& request, std::string_view name);
std::string_view QueryOf(const http::Request& request, std::string_view name);

// The version of the protocol, as the header or parameter `name` says it; it may be left out.
// INVALID_ARGUMENT (VALUE_INVALID).
absl::Status CheckVersion(std::string_view name, std::string_view value, std::string_view expected);

// Each of `names` is among `values` once at most: of two the first would count here, and the other
// one for who stands in between. INVALID_ARGUMENT (REQUEST_MALFORMED) naming it.
absl::Status CheckSingle(const http::NameValues& values, std::initializer_list<const char*> names);

// That for the headers of the protocol; those of HTTP are the HTTP server's (http::RepeatedHeader).
absl::Status CheckHeaders(const http::Request& request);

// By `connect-timeout-ms`, from when the head was there. INVALID_ARGUMENT (VALUE_INVALID) for
// anything but at most 10 digits.
absl::StatusOr<Deadline> DeadlineOf(const http::Request& request);

// Who calls, by `authorization` (BearerForm), the client's certificate or `cairn-principal`. The
// call has ended for its caller when the deadline is over or `gone` says that the client left.
service::Caller CallerOf(const calls::Environment& environment, const http::Request& request,
                         Deadline deadline, std::function<bool()> gone);

// A stream's head, beside who calls. Plain values. Each message says for itself whether it is
// compressed, and the head says how.
struct StreamHead {
  Codec codec = Codec::kJson;                     // of both directions
  Compression requests = Compression::kIdentity;  // of messages that say they are compressed
  Compression answers = Compression::kIdentity;
  Deadline deadline;
};

// REQUIRES: the body's type has a codec (CodecOfStreamType).
//   INVALID_ARGUMENT (VALUE_INVALID)   the version or the timeout
//   INVALID_ARGUMENT (REQUEST_MALFORMED)  a header is there twice
//   UNIMPLEMENTED (REQUEST_MALFORMED)  an unknown connect-content-encoding; names those that there
//   are
absl::StatusOr<StreamHead> StreamHeadOf(const http::Request& request);

}  // namespace cairn::gateway

#endif  // CAIRN_SERVER_GATEWAY_CONNECT_HEAD_H_
