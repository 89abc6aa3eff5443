#include "lib/http/message.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace cairn::http {
namespace {

bool SameHeaderName(std::string_view a, std::string_view b) {
  return absl::EqualsIgnoreCase(absl::string_view(a.data(), a.size()),
                                absl::string_view(b.data(), b.size()));
}

// The canonical code name for an HTTP status that this library itself sends.
const char* CodeName(int status) {
  switch (status) {
    case 400:
    case 405:
    case 411:
    case 415:
    case 417:
      return "INVALID_ARGUMENT";
    case 401:
      return "UNAUTHENTICATED";
    case 403:
      return "PERMISSION_DENIED";
    case 404:
      return "NOT_FOUND";
    case 408:
      return "DEADLINE_EXCEEDED";
    case 409:
      return "ABORTED";
    case 413:
    case 431:
      return "OUT_OF_RANGE";
    case 429:
      return "RESOURCE_EXHAUSTED";
    case 501:
      return "UNIMPLEMENTED";
    case 503:
      return "UNAVAILABLE";
    default:
      return status < 500 ? "FAILED_PRECONDITION" : "INTERNAL";
  }
}

Response ErrorWithName(int status, std::string_view name, std::string_view message) {
  nlohmann::ordered_json error;
  error["code"] = status;
  error["status"] = name;
  error["message"] = message;
  const nlohmann::ordered_json body = {{"error", std::move(error)}};
  using Json = nlohmann::ordered_json;
  // Text that is not UTF-8 must not turn an error into an exception.
  return JsonResponse(body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n", status);
}

}  // namespace

bool IsHeader(const NameValue& header, std::string_view name) {
  return SameHeaderName(header.name, name);
}

const std::string* FindHeader(const NameValues& headers, std::string_view name) {
  const auto it = std::find_if(headers.begin(), headers.end(), [name](const NameValue& header) {
    return SameHeaderName(header.name, name);
  });
  return it == headers.end() ? nullptr : &it->value;
}

const std::string* FindExact(const NameValues& values, std::string_view name) {
  const auto it = std::find_if(values.begin(), values.end(),
                               [name](const NameValue& value) { return value.name == name; });
  return it == values.end() ? nullptr : &it->value;
}

std::string_view RepeatedHeader(const NameValues& headers) {
  constexpr std::array<std::string_view, 8> kSingle = {
      "Host",           "Authorization", "Content-Type", "Content-Encoding",
      "Content-Length", "Expect",        "Origin",       "Transfer-Encoding"};
  for (const std::string_view name : kSingle) {
    const auto named = [name](const NameValue& header) { return IsHeader(header, name); };
    const auto first = std::find_if(headers.begin(), headers.end(), named);
    if (first == headers.end()) continue;
    const auto second = std::find_if(std::next(first), headers.end(), named);
    if (second != headers.end()) return name;
  }
  return {};
}

bool HasFoldedLine(std::string_view head) {
  return head.find("\r\n ") != head.npos || head.find("\r\n\t") != head.npos;
}

void SetHeader(NameValues& headers, std::string_view name, std::string_view value) {
  std::erase_if(headers,
                [name](const NameValue& header) { return SameHeaderName(header.name, name); });
  headers.push_back({std::string(name), std::string(value)});
}

std::string_view Request::Param(std::string_view name) const {
  const std::string* value = FindExact(params, name);
  return value == nullptr ? std::string_view() : std::string_view(*value);
}

Response TextResponse(std::string body, std::string_view content_type) {
  Response response;
  response.headers.push_back({"Content-Type", std::string(content_type)});
  response.body = std::move(body);
  return response;
}

Response JsonResponse(std::string json, int status) {
  Response response = TextResponse(std::move(json), "application/json");
  response.status = status;
  return response;
}

Response ErrorResponse(int status, std::string_view message) {
  return ErrorWithName(status, CodeName(status), message);
}

Response ErrorResponse(const absl::Status& error) {
  const std::string name(absl::StatusCodeToString(error.code()));
  const auto message = error.message();
  return ErrorWithName(HttpStatus(error.code()), name,
                       std::string_view(message.data(), message.size()));
}

int HttpStatus(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kCancelled:
      return 499;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return 409;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kUnavailable:
      return 503;
    default:
      return 500;
  }
}

}  // namespace cairn::http
