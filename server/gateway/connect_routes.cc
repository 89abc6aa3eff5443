#include "server/gateway/connect_routes.h"

#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/calls/call_record.h"
#include "server/core/limits.h"
#include "server/gateway/connect_call.h"
#include "server/gateway/connect_codec.h"
#include "server/gateway/connect_wait.h"
#include "server/service/authorize.h"

namespace cairn::gateway {
namespace {

using calls::Environment;
using service::Method;
using Deadline = std::optional<std::chrono::steady_clock::time_point>;
using Input = ConnectCall::Input;

bool IsWait(const Method& method) {
  return method.path == "google.longrunning.Operations/WaitOperation";
}

bool IsUnary(const Method& method) {
  return IsWait(method) || std::holds_alternative<service::AnswerFunction>(method.serve) ||
         std::holds_alternative<service::ChangeFunction>(method.serve);
}

absl::Status Unimplemented(ErrorReason reason, std::string_view message) {
  return Error(absl::StatusCode::kUnimplemented, reason, message);
}

std::string_view HeaderOf(const http::Request& request, std::string_view name) {
  const std::string* value = request.Header(name);
  return value == nullptr ? std::string_view() : std::string_view(*value);
}

std::string_view QueryOf(const http::Request& request, std::string_view name) {
  const std::string* value = request.Query(name);
  return value == nullptr ? std::string_view() : std::string_view(*value);
}

// That of the protocol, as a header or a parameter says it; both may be left out.
absl::Status CheckVersion(std::string_view name, std::string_view value,
                          std::string_view expected) {
  if (value.empty() || value == expected) return absl::OkStatus();
  return InvalidField(ErrorReason::VALUE_INVALID, name, value, fmt::format("must be {}", expected));
}

absl::Status CheckCompression(std::string_view value) {
  if (value.empty() || value == "identity") return absl::OkStatus();
  return Unimplemented(ErrorReason::REQUEST_MALFORMED,
                       "compressed requests are not taken over HTTP; send them as they are");
}

// A message in the body. REQUIRES: the body's type has a codec.
absl::StatusOr<Input> InputOfPost(Codec codec, http::Request& request) {
  CAIRN_RETURN_IF_ERROR(
      CheckVersion("connect-protocol-version", HeaderOf(request, "connect-protocol-version"), "1"));
  CAIRN_RETURN_IF_ERROR(CheckCompression(HeaderOf(request, "content-encoding")));
  return Input{codec, std::move(request.body)};
}

// A message in the query.
absl::StatusOr<Input> InputOfGet(const http::Request& request) {
  CAIRN_RETURN_IF_ERROR(CheckVersion("connect", QueryOf(request, "connect"), "v1"));
  CAIRN_RETURN_IF_ERROR(CheckCompression(QueryOf(request, "compression")));
  const std::string_view encoding = QueryOf(request, "encoding");
  const auto codec = CodecOfName(encoding);
  if (!codec.has_value()) {
    return InvalidField(ErrorReason::VALUE_INVALID, "encoding", encoding, "must be json or proto");
  }
  const std::string* message = request.Query("message");
  if (message == nullptr) {
    return InvalidField(ErrorReason::FIELD_REQUIRED, "message", "",
                        "must hold the request; {} is an empty one in JSON");
  }
  if (QueryOf(request, "base64") != "1") return Input{*codec, *message};
  auto bytes = Base64Decode(*message);
  if (!bytes.has_value()) {
    return InvalidField(ErrorReason::VALUE_INVALID, "message", *message,
                        "must be base64, as the parameter base64 says");
  }
  return Input{*codec, *std::move(bytes)};
}

// Until when somebody waits; nullopt: as long as it takes.
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
  return Deadline(request.received + std::chrono::milliseconds(millis));
}

service::Caller CallerOf(const Environment& environment, const http::Request& request,
                         Deadline deadline, const http::Responder& responder) {
  service::Caller caller;
  caller.now_unix_nanos = environment.clock.NowUnixNanos();
  caller.ended = [deadline, responder]() -> absl::Status {
    if (deadline.has_value() && std::chrono::steady_clock::now() >= *deadline) {
      return calls::DeadlineOver();
    }
    return responder.gone() ? calls::CallEnded() : absl::OkStatus();
  };
  calls::Identify(environment, BearerForm(HeaderOf(request, "authorization")), request.certificate,
                  HeaderOf(request, "cairn-principal"), caller);
  return caller;
}

// As the protocol has it: what is taken stands in a header.
http::Response UnsupportedType() {
  http::Response response =
      http::ErrorResponse(415, "the body must have type application/json or application/proto");
  response.headers.push_back({"Accept-Post", "application/json, application/proto"});
  return response;
}

absl::Status Begin(Environment& environment, const Method& method, const calls::CallRecord& record,
                   absl::StatusOr<Input> input, const http::Request& request,
                   const http::Responder& responder) {
  CAIRN_RETURN_IF_ERROR(input.status());
  CAIRN_ASSIGN_OR_RETURN(const Deadline deadline, DeadlineOf(request));
  service::Caller caller = CallerOf(environment, request, deadline, responder);
  CAIRN_RETURN_IF_ERROR(caller.Ended());
  if (IsWait(method)) {
    BeginConnectWait(environment, method, std::move(caller), record, *std::move(input), deadline,
                     responder);
  } else {
    ConnectCall::Begin(environment, method, std::move(caller), record, *std::move(input),
                       responder);
  }
  return absl::OkStatus();
}

void Serve(Environment& environment, const Method& method, http::Request request,
           const http::Responder& responder) {
  const bool post = request.method == "POST";
  const auto codec = CodecOfType(HeaderOf(request, "content-type"));
  if (post && !codec.has_value()) return responder.Answer(UnsupportedType());
  auto input = post ? InputOfPost(*codec, request) : InputOfGet(request);
  calls::CallRecord record(environment, method.path.c_str());
  const absl::Status begun =
      Begin(environment, method, record, std::move(input), request, responder);
  if (begun.ok()) return;
  record.End(begun);
  responder.Answer(ErrorAnswer(begun));
}

void Refuse(Environment& environment, const Method& method, const http::Request& request,
            const http::Responder& responder) {
  calls::CallRecord record(environment, method.path.c_str());
  absl::Status refusal =
      service::CheckIdentity(environment.access, CallerOf(environment, request, {}, responder));
  if (refusal.ok()) {
    refusal =
        Unimplemented(ErrorReason::METHOD_UNKNOWN,
                      fmt::format("{} is not served over HTTP; call it by gRPC", method.path));
  }
  record.End(refusal);
  responder.Answer(ErrorAnswer(refusal));
}

http::Route RouteOf(const Method& method, std::string verb, http::AsyncHandler handler) {
  http::Route route{std::move(verb), "/" + method.path, method.path, nullptr};
  route.body_type = "";  // the handler says which
  route.async = std::move(handler);
  return route;
}

}  // namespace

std::vector<http::Route> ConnectRoutes(Environment& environment,
                                       const service::MethodTable& methods) {
  std::vector<http::Route> routes;
  for (const Method* method : methods.methods()) {
    if (!IsUnary(*method)) {
      routes.push_back(RouteOf(
          *method, "POST",
          [&environment, method](const http::Request& request, const http::Responder& responder) {
            Refuse(environment, *method, request, responder);
          }));
      continue;
    }
    const auto serve = [&environment, method](http::Request request,
                                              const http::Responder& responder) {
      Serve(environment, *method, std::move(request), responder);
    };
    routes.push_back(RouteOf(*method, "POST", serve));
    routes.back().max_body_bytes = limits::kMessageBytes;
    if (method->only_reads) routes.push_back(RouteOf(*method, "GET", serve));
  }
  return routes;
}

}  // namespace cairn::gateway
