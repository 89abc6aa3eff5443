#include "server/gateway/connect_head.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <string>
#include <system_error>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/calls/call_record.h"

namespace cairn::gateway {

std::string_view HeaderOf(const http::Request& request, std::string_view name) {
  const std::string* value = request.Header(name);
  return value == nullptr ? std::string_view() : std::string_view(*value);
}

std::string_view QueryOf(const http::Request& request, std::string_view name) {
  const std::string* value = request.Query(name);
  return value == nullptr ? std::string_view() : std::string_view(*value);
}

absl::Status CheckVersion(std::string_view name, std::string_view value,
                          std::string_view expected) {
  if (value.empty() || value == expected) return absl::OkStatus();
  return InvalidField(ErrorReason::VALUE_INVALID, name, value, fmt::format("must be {}", expected));
}

absl::Status CheckSingle(const http::NameValues& values, std::initializer_list<const char*> names) {
  for (const std::string_view name : names) {
    const auto count =
        std::count_if(values.begin(), values.end(),
                      [name](const http::NameValue& value) { return http::IsHeader(value, name); });
    if (count <= 1) continue;
    return Error(absl::StatusCode::kInvalidArgument, ErrorReason::REQUEST_MALFORMED,
                 fmt::format("{} must be there once at most", name))
        .Field(name, "must be there once at most");
  }
  return absl::OkStatus();
}

absl::Status CheckHeaders(const http::Request& request) {
  return CheckSingle(request.headers, {"connect-timeout-ms", "connect-protocol-version",
                                       "connect-content-encoding", "cairn-principal"});
}

absl::StatusOr<Deadline> DeadlineOf(const http::Request& request) {
  constexpr size_t kMostDigits = 10;
  const std::string_view text = HeaderOf(request, "connect-timeout-ms");
  if (text.empty()) return Deadline();
  int64_t millis = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), millis);
  if (text.size() > kMostDigits || read.ec != std::errc() ||
      read.ptr != text.data() + text.size() || millis < 0) {
    return InvalidField(ErrorReason::VALUE_INVALID, "connect-timeout-ms", text,
                        "must be milliseconds in at most 10 digits");
  }
  return Deadline(request.began + std::chrono::milliseconds(millis));
}

service::Caller CallerOf(const calls::Environment& environment, const http::Request& request,
                         Deadline deadline, std::function<bool()> gone) {
  service::Caller caller;
  caller.now_unix_nanos = environment.clock.NowUnixNanos();
  caller.ended = [deadline, gone = std::move(gone)]() -> absl::Status {
    if (deadline.has_value() && std::chrono::steady_clock::now() >= *deadline) {
      return calls::DeadlineOver();
    }
    return gone() ? calls::CallEnded() : absl::OkStatus();
  };
  calls::Identify(environment, BearerForm(HeaderOf(request, "authorization")), request.certificate,
                  HeaderOf(request, "cairn-principal"), caller);
  return caller;
}

absl::StatusOr<StreamHead> StreamHeadOf(const http::Request& request) {
  StreamHead head;
  CAIRN_RETURN_IF_ERROR(CheckHeaders(request));
  head.codec = *CodecOfStreamType(HeaderOf(request, "content-type"));
  CAIRN_RETURN_IF_ERROR(
      CheckVersion("connect-protocol-version", HeaderOf(request, "connect-protocol-version"), "1"));
  CAIRN_ASSIGN_OR_RETURN(head.requests,
                         CompressionOf(HeaderOf(request, "connect-content-encoding")));
  head.answers = CompressionFor(HeaderOf(request, "connect-accept-encoding"), head.requests);
  CAIRN_ASSIGN_OR_RETURN(head.deadline, DeadlineOf(request));
  return head;
}

}  // namespace cairn::gateway
