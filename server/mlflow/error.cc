#include "server/mlflow/error.h"

#include <array>
#include <utility>

#include "absl/strings/cord.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "server/gateway/json_text.h"

namespace cairn::mlflow {
namespace {

constexpr const char* kCodePayload = "cairn.mlflow/error_code";
constexpr size_t kMostShownBytes = 200;

struct CodeStatus {
  std::string_view code;
  int http;
};

constexpr std::array kCodes = {
    CodeStatus{kInvalidParameter, 400},
    CodeStatus{kBadRequest, 400},
    CodeStatus{kAlreadyExists, 400},
    CodeStatus{"UNAUTHENTICATED", 401},
    CodeStatus{kDenied, 403},
    CodeStatus{kNotExists, 404},
    CodeStatus{kNoEndpoint, 404},
    CodeStatus{"ABORTED", 409},
    CodeStatus{kBusy, 429},
    CodeStatus{"CANCELLED", 499},
    CodeStatus{kNotImplemented, 501},
    CodeStatus{"TEMPORARILY_UNAVAILABLE", 503},
    CodeStatus{"DEADLINE_EXCEEDED", 504},
};

std::string_view CodeOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return kInvalidParameter;
    case absl::StatusCode::kAlreadyExists:
      return kAlreadyExists;
    case absl::StatusCode::kNotFound:
      return kNotExists;
    case absl::StatusCode::kUnauthenticated:
      return "UNAUTHENTICATED";
    case absl::StatusCode::kPermissionDenied:
      return "PERMISSION_DENIED";
    case absl::StatusCode::kAborted:
      return "ABORTED";
    case absl::StatusCode::kResourceExhausted:
      return "RESOURCE_EXHAUSTED";
    case absl::StatusCode::kCancelled:
      return "CANCELLED";
    case absl::StatusCode::kUnimplemented:
      return kNotImplemented;
    case absl::StatusCode::kUnavailable:
      return "TEMPORARILY_UNAVAILABLE";
    case absl::StatusCode::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    default:
      return "INTERNAL_ERROR";
  }
}

// Only what is told apart in a log of the server: clients see the code of MLflow.
absl::StatusCode CanonicalOf(std::string_view code) {
  const int http = HttpStatusOf(code);
  if (http == 404) return absl::StatusCode::kNotFound;
  if (http == 501) return absl::StatusCode::kUnimplemented;
  return code == kAlreadyExists ? absl::StatusCode::kAlreadyExists
                                : absl::StatusCode::kInvalidArgument;
}

}  // namespace

absl::Status Refuse(std::string_view code, std::string_view message) {
  absl::Status status(CanonicalOf(code), std::string(message));
  status.SetPayload(kCodePayload, absl::Cord(std::string(code)));
  return status;
}

absl::Status MissingValue(std::string_view path) {
  return Refuse(kInvalidParameter,
                fmt::format("Missing value for required parameter '{}'. The API's reference tells "
                            "what a request must have.",
                            path));
}

absl::Status InvalidValue(std::string_view json, std::string_view path, std::string_view rule) {
  return Refuse(kInvalidParameter, fmt::format("Invalid value {} for parameter '{}' supplied{}{}",
                                               Shortened(json, kMostShownBytes), path,
                                               rule.empty() ? "." : ": ", rule));
}

absl::Status InvalidText(std::string_view text, std::string_view path, std::string_view rule) {
  std::string json;
  gateway::AppendJsonString(text, json);
  return InvalidValue(json, path, rule);
}

std::string ErrorCodeOf(const absl::Status& error) {
  const auto code = error.GetPayload(kCodePayload);
  return code.has_value() ? std::string(*code) : std::string(CodeOf(error.code()));
}

int HttpStatusOf(std::string_view error_code) {
  for (const CodeStatus& known : kCodes) {
    if (known.code == error_code) return known.http;
  }
  return 500;
}

http::Response ErrorAnswer(const absl::Status& error) {
  const std::string code = ErrorCodeOf(error);
  const int http = HttpStatusOf(code);
  gateway::JsonText json;
  json.Begin('{')
      .Key("error_code")
      .Text(code)
      .Key("message")
      .Text(std::string(error.message()))
      .End('}');
  http::Response response = http::JsonResponse(json.Take(), http);
  if (http == 401) response.headers.push_back({"WWW-Authenticate", "Basic realm=\"mlflow\""});
  if (http == 429 || http == 503) response.headers.push_back({"Retry-After", "1"});
  return response;
}

}  // namespace cairn::mlflow
