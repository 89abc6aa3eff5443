#include "server/gateway/connect_routes.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/shared_budget.h"
#include "lib/base/status_macros.h"
#include "lib/http/gzip.h"
#include "server/calls/call_record.h"
#include "server/core/limits.h"
#include "server/gateway/arrival.h"
#include "server/gateway/connect_call.h"
#include "server/gateway/connect_client_stream.h"
#include "server/gateway/connect_codec.h"
#include "server/gateway/connect_head.h"
#include "server/gateway/connect_large_call.h"
#include "server/gateway/connect_metric_stream.h"
#include "server/gateway/connect_server_stream.h"
#include "server/gateway/connect_wait.h"
#include "server/service/authorize.h"

namespace cairn::gateway {
namespace {

using calls::Environment;
using service::Method;
using Input = ConnectCall::Input;

// What all routes share.
struct Gateway {
  Gateway(Environment& e, const ArrivalLimits& limits)
      : environment(e),
        incomplete(limits.max_bytes, limits.max_bytes_of_one),
        longest(limits.longest) {}

  Arrival ArrivalOf(const service::Caller& caller) {
    return {incomplete, HolderOf(environment, caller), longest};
  }

  Environment& environment;
  SharedBudget incomplete;
  const std::chrono::milliseconds longest;
};

bool TakesGzip(const http::Request& request) {
  return http::AcceptsCoding(HeaderOf(request, "accept-encoding"), "gzip");
}

// A message in the body. REQUIRES: the body's type has a codec.
absl::StatusOr<Input> InputOfPost(Codec codec, http::Request& request) {
  CAIRN_RETURN_IF_ERROR(CheckHeaders(request));
  CAIRN_RETURN_IF_ERROR(
      CheckVersion("connect-protocol-version", HeaderOf(request, "connect-protocol-version"), "1"));
  CAIRN_ASSIGN_OR_RETURN(const Compression compression,
                         CompressionOf(HeaderOf(request, "content-encoding"), "content-encoding"));
  return Input{codec, std::move(request.body), compression != Compression::kIdentity,
               TakesGzip(request)};
}

// A message in the query.
absl::StatusOr<Input> InputOfGet(const http::Request& request) {
  CAIRN_RETURN_IF_ERROR(CheckHeaders(request));
  CAIRN_RETURN_IF_ERROR(
      CheckSingle(request.query, {"connect", "compression", "encoding", "message", "base64"}));
  CAIRN_RETURN_IF_ERROR(CheckVersion("connect", QueryOf(request, "connect"), "v1"));
  CAIRN_ASSIGN_OR_RETURN(const Compression compression,
                         CompressionOf(QueryOf(request, "compression"), "compression"));
  const bool compressed = compression != Compression::kIdentity;
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
  if (QueryOf(request, "base64") != "1") {
    return Input{*codec, *message, compressed, TakesGzip(request)};
  }
  auto bytes = Base64Decode(*message);
  if (!bytes.has_value()) {
    return InvalidField(ErrorReason::VALUE_INVALID, "message", *message,
                        "must be base64, as the parameter base64 says");
  }
  return Input{*codec, *std::move(bytes), compressed, TakesGzip(request)};
}

// As the protocol has it: what is taken stands in a header.
http::Response UnsupportedType(std::string_view json, std::string_view proto) {
  http::Response response =
      http::ErrorResponse(415, fmt::format("the body must have type {} or {}", json, proto));
  response.headers.push_back({"Accept-Post", fmt::format("{}, {}", json, proto)});
  return response;
}

http::Response UnsupportedType() {
  return UnsupportedType(TypeOf(Codec::kJson), TypeOf(Codec::kProto));
}

absl::Status Begin(Environment& environment, const Method& method, const calls::CallRecord& record,
                   absl::StatusOr<Input> input, const http::Request& request,
                   const http::Responder& responder) {
  CAIRN_RETURN_IF_ERROR(input.status());
  CAIRN_ASSIGN_OR_RETURN(const Deadline deadline, DeadlineOf(request));
  service::Caller caller =
      CallerOf(environment, request, deadline, [responder] { return responder.gone(); });
  CAIRN_RETURN_IF_ERROR(caller.Ended());
  if (std::holds_alternative<service::OperationWaits>(method.serve)) {
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

absl::Status BeginLarge(const Method& method, const calls::CallRecord& record, Gateway& gateway,
                        Codec codec, http::Request& request,
                        const std::shared_ptr<http::Exchange>& exchange) {
  Environment& environment = gateway.environment;
  CAIRN_ASSIGN_OR_RETURN(Input input, InputOfPost(codec, request));
  CAIRN_ASSIGN_OR_RETURN(const Deadline deadline, DeadlineOf(request));
  service::Caller caller =
      CallerOf(environment, request, deadline, [exchange] { return exchange->gone(); });
  CAIRN_RETURN_IF_ERROR(caller.Ended());
  Arrival arrival = gateway.ArrivalOf(caller);
  ConnectLargeCall::Begin(environment, method, std::move(caller), record, std::move(arrival),
                          std::move(input), deadline, exchange);
  return absl::OkStatus();
}

void ServeLarge(const Method& method, Gateway& gateway, http::Request request,
                const std::shared_ptr<http::Exchange>& exchange) {
  const auto codec = CodecOfType(HeaderOf(request, "content-type"));
  if (!codec.has_value()) return exchange->Answer(UnsupportedType());
  calls::CallRecord record(gateway.environment, method.path.c_str());
  const absl::Status begun = BeginLarge(method, record, gateway, *codec, request, exchange);
  if (begun.ok()) return;
  record.End(begun);
  exchange->Answer(ErrorAnswer(begun));
}

// Null for a method that is no stream.
using BeginStreamFunction = void (*)(Environment&, const Method&, service::Caller,
                                     calls::CallRecord, Arrival, StreamHead,
                                     std::shared_ptr<http::Exchange>);
BeginStreamFunction BeginStreamOf(const Method& method) {
  if (std::holds_alternative<service::OpenFunction>(method.serve)) {
    return &ConnectServerStream::Begin;
  }
  if (std::holds_alternative<service::SinkFunction>(method.serve)) {
    return &ConnectClientStream::Begin;
  }
  return std::holds_alternative<service::PointStream>(method.serve) ? &ConnectMetricStream::Begin
                                                                    : nullptr;
}

// Who is not known is refused before anything is read.
absl::Status BeginStream(const Method& method, const calls::CallRecord& record, Gateway& gateway,
                         const http::Request& request,
                         const std::shared_ptr<http::Exchange>& exchange) {
  Environment& environment = gateway.environment;
  CAIRN_ASSIGN_OR_RETURN(const StreamHead head, StreamHeadOf(request));
  service::Caller caller =
      CallerOf(environment, request, head.deadline, [exchange] { return exchange->gone(); });
  CAIRN_RETURN_IF_ERROR(caller.Ended());
  CAIRN_RETURN_IF_ERROR(service::CheckIdentity(environment.access, caller));
  Arrival arrival = gateway.ArrivalOf(caller);
  BeginStreamOf(method)(environment, method, std::move(caller), record, std::move(arrival), head,
                        exchange);
  return absl::OkStatus();
}

void ServeStream(const Method& method, Gateway& gateway, const http::Request& request,
                 const std::shared_ptr<http::Exchange>& exchange) {
  const auto codec = CodecOfStreamType(HeaderOf(request, "content-type"));
  if (!codec.has_value()) {
    return exchange->Answer(
        UnsupportedType(StreamTypeOf(Codec::kJson), StreamTypeOf(Codec::kProto)));
  }
  calls::CallRecord record(gateway.environment, method.path.c_str());
  const absl::Status begun = BeginStream(method, record, gateway, request, exchange);
  if (begun.ok()) return;
  record.End(begun);
  exchange->Answer(StreamRefusal(*codec, begun));
}

http::Route RouteOf(const Method& method, std::string verb) {
  http::Route route{std::move(verb), "/" + method.path, method.path, nullptr};
  route.body_type = "";  // the handler says which
  route.refuse = [](const http::Request& head, const absl::Status& why) {
    const absl::Status refusal = RefusalOf(why);
    const auto codec = CodecOfStreamType(HeaderOf(head, "content-type"));
    return codec.has_value() ? StreamRefusal(*codec, refusal) : ErrorAnswer(refusal);
  };
  return route;
}

// Who pays for a large body; UNAUTHENTICATED: it is not even received, as nobody knows who sends
// it.
absl::StatusOr<std::string> Admit(const Environment& environment, const http::Request& head) {
  const service::Caller caller = CallerOf(environment, head, std::nullopt, [] { return false; });
  CAIRN_RETURN_IF_ERROR(service::CheckIdentity(environment.access, caller));
  return HolderOf(environment, caller);
}

http::Route UnaryRouteOf(const Method& method, std::string verb,
                         const std::shared_ptr<Gateway>& gateway) {
  http::Route route = RouteOf(method, std::move(verb));
  route.max_body_bytes = limits::kMessageBytes;
  route.async = [gateway, &method](http::Request request, const http::Responder& responder) {
    Serve(gateway->environment, method, std::move(request), responder);
  };
  route.admit = [gateway](const http::Request& head) { return Admit(gateway->environment, head); };
  route.deadline = [](const http::Request& head) {
    return DeadlineOf(head).value_or(std::nullopt);
  };
  return route;
}

http::Route LargeRouteOf(const Method& method, const std::shared_ptr<Gateway>& gateway) {
  http::Route route = RouteOf(method, "POST");
  route.max_body_bytes = limits::kMessageBytes;
  route.stream = [gateway, &method](http::Request request,
                                    const std::shared_ptr<http::Exchange>& exchange) {
    ServeLarge(method, *gateway, std::move(request), exchange);
  };
  return route;
}

http::Route StreamRouteOf(const Method& method, const std::shared_ptr<Gateway>& gateway) {
  http::Route route = RouteOf(method, "POST");
  route.stream = [gateway, &method](const http::Request& request,
                                    const std::shared_ptr<http::Exchange>& exchange) {
    ServeStream(method, *gateway, request, exchange);
  };
  return route;
}

}  // namespace

std::vector<http::Route> ConnectRoutes(Environment& environment,
                                       const service::MethodTable& methods,
                                       const ArrivalLimits& limits) {
  const auto gateway = std::make_shared<Gateway>(environment, limits);
  std::vector<http::Route> routes;
  for (const Method* method : methods.methods()) {
    if (BeginStreamOf(*method) != nullptr) {
      routes.push_back(StreamRouteOf(*method, gateway));
      continue;
    }
    routes.push_back(method->rule.large_request() ? LargeRouteOf(*method, gateway)
                                                  : UnaryRouteOf(*method, "POST", gateway));
    if (method->only_reads) routes.push_back(UnaryRouteOf(*method, "GET", gateway));
  }
  return routes;
}

}  // namespace cairn::gateway
