#include "lib/http/dispatcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>
#include <utility>
#include <vector>

#include "lib/http/answer_head.h"
#include "lib/http/gzip.h"
#include "lib/http/target.h"

namespace cairn::http {
namespace {

struct DefaultHeader {
  std::string_view name;
  std::string_view value;
};

constexpr std::array<DefaultHeader, 5> kDefaultHeaders = {{
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
    {"Cache-Control", "no-store"},
}};

// The media type without parameters and surrounding blanks, in lower case.
std::string MediaType(const std::string& content_type) {
  std::string type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return type;
}

bool HasBodyType(const Request& request, const std::string& expected) {
  if (expected.empty()) return true;
  const std::string* type = request.Header("Content-Type");
  return type != nullptr && MediaType(*type) == expected;
}

Response MethodNotAllowed(const std::vector<std::string>& allowed) {
  std::string list;
  for (const std::string& method : allowed) {
    list += list.empty() ? method : ", " + method;
  }
  Response response = ErrorResponse(405, fmt::format("this path answers {} only", list));
  response.headers.push_back({"Allow", list});
  return response;
}

Response MalformedAnswer() { return ErrorResponse(500, "the answer is malformed"); }

// Answers that are worth it go packed to who takes that.
void Pack(const Request& request, Response& response) {
  if (response.body.size() < kLeastGzipBytes ||
      FindHeader(response.headers, "Content-Encoding") != nullptr) {
    return;
  }
  response.headers.push_back({"Vary", "Accept-Encoding"});
  const std::string* accepts = request.Header("Accept-Encoding");
  if (accepts == nullptr || !AcceptsCoding(*accepts, "gzip")) return;
  response.body = Gzip(response.body);
  response.headers.push_back({"Content-Encoding", "gzip"});
}

}  // namespace

Dispatcher::Dispatcher(Router router, HostPolicy hosts, Authorizer authorize)
    : router_(std::move(router)), hosts_(std::move(hosts)), authorize_(std::move(authorize)) {}

absl::Status Dispatcher::CheckOrigin(const Request& request, bool needs_host) const {
  int hosts = 0;
  for (const NameValue& header : request.headers) {
    if (IsHeader(header, "Host")) {
      ++hosts;
      if (!hosts_.AllowsHost(header.value)) {
        return absl::PermissionDeniedError(
            "the Host header names another server; allow the name in the server's settings");
      }
    } else if (IsHeader(header, "Origin") && !hosts_.AllowsOrigin(header.value)) {
      return absl::PermissionDeniedError("requests from other origins are refused");
    }
  }
  if (hosts > 1) return absl::InvalidArgumentError("more than one Host header");
  if (hosts == 0 && needs_host) return absl::InvalidArgumentError("the Host header is missing");
  return absl::OkStatus();
}

Response Dispatcher::Invoke(const http::Route& route, const Request& request) const {
  try {
    Response response = route.handler(request);
    if (!IsSendable(response.status, response.headers)) return MalformedAnswer();
    Pack(request, response);
    return response;
  } catch (const std::exception&) {
    return ErrorResponse(500, "the request failed inside the server");
  }
}

void Dispatcher::InvokeAsync(const http::Route& route, Request request, Responder::Gone gone,
                             Done done) {
  const Responder responder(
      [pattern = route.pattern, done = std::move(done)](Response response) {
        const bool sendable = IsSendable(response.status, response.headers);
        Result result{sendable ? std::move(response) : MalformedAnswer(), pattern};
        Finish(result.response);
        done(std::move(result));
      },
      std::move(gone));
  try {
    route.async(std::move(request), responder);
  } catch (const std::exception&) {
    responder.Answer(ErrorResponse(500, "the request failed inside the server"));
  }
}

absl::Status Dispatcher::Authorize(const http::Route& route, const Request& request) const try {
  return authorize_ ? authorize_(request, route.permission) : absl::OkStatus();
} catch (const std::exception&) {
  return absl::InternalError("the request failed inside the server");
}

// The route that is to be invoked; null: `result` has the answer.
const Route* Dispatcher::Admit(Request& request, bool needs_host, bool has_body,
                               Result& result) const {
  const auto refuse = [&result](Response response) {
    result.response = std::move(response);
    return nullptr;
  };
  if (const auto meant = CheckOrigin(request, needs_host); !meant.ok()) {
    return refuse(ErrorResponse(meant));
  }
  auto target = ParseTarget(request.path);
  if (!target.ok()) return refuse(ErrorResponse(target.status()));
  Router::Match match = router_.Find(request.method, target->segments);
  if (match.route == nullptr) {
    return refuse(match.allowed.empty() ? ErrorResponse(404, "nothing is served at this path")
                                        : MethodNotAllowed(match.allowed));
  }
  result.pattern = match.route->pattern;
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  request.params = std::move(match.params);
  if (has_body && !HasBodyType(request, match.route->body_type)) {
    return refuse(
        ErrorResponse(415, fmt::format("the body must have type {}", match.route->body_type)));
  }
  if (const auto allowed = Authorize(*match.route, request); !allowed.ok()) {
    return refuse(ErrorResponse(allowed));
  }
  return match.route;
}

void Dispatcher::Handle(Request request, bool needs_host, Responder::Gone gone, Done done) const {
  Result result;
  const http::Route* const route = Admit(request, needs_host, !request.body.empty(), result);
  if (route != nullptr && route->async) {
    return InvokeAsync(*route, std::move(request), std::move(gone), std::move(done));
  }
  if (route != nullptr) result.response = Invoke(*route, request);
  Finish(result.response);
  done(std::move(result));
}

void Dispatcher::HandleStream(Request head, bool needs_host, bool has_body,
                              std::shared_ptr<Exchange> exchange) const {
  Result refused;
  const http::Route* const route = Admit(head, needs_host, has_body, refused);
  if (route == nullptr) return exchange->Answer(std::move(refused.response));
  try {
    route->stream(std::move(head), exchange);
  } catch (const std::exception&) {
    exchange->Answer(ErrorResponse(500, "the request failed inside the server"));
  }
}

const Route* Dispatcher::Find(std::string_view method, std::string_view target) const {
  const auto parsed = ParseTarget(target);
  return parsed.ok() ? router_.Find(method, parsed->segments).route : nullptr;
}

void Dispatcher::Finish(Response& response) { Finish(response.headers); }

void Dispatcher::Finish(NameValues& headers) {
  for (const DefaultHeader& header : kDefaultHeaders) {
    if (FindHeader(headers, header.name) == nullptr) {
      headers.push_back({std::string(header.name), std::string(header.value)});
    }
  }
}

}  // namespace cairn::http
