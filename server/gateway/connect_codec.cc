#include "server/gateway/connect_codec.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

#include "fmt/format.h"
#include "google/protobuf/util/json_util.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/rpc_status.h"
#include "lib/base/status_macros.h"
#include "nlohmann/json.hpp"
#include "server/calls/call_record.h"
#include "server/gateway/json_writer.h"

namespace cairn::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using nlohmann::ordered_json;

// What the parser says holds pieces of the request.
constexpr size_t kParserTextBytes = 500;

std::string_view CodeName(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kCancelled:
      return "canceled";
    case absl::StatusCode::kInvalidArgument:
      return "invalid_argument";
    case absl::StatusCode::kDeadlineExceeded:
      return "deadline_exceeded";
    case absl::StatusCode::kNotFound:
      return "not_found";
    case absl::StatusCode::kAlreadyExists:
      return "already_exists";
    case absl::StatusCode::kPermissionDenied:
      return "permission_denied";
    case absl::StatusCode::kResourceExhausted:
      return "resource_exhausted";
    case absl::StatusCode::kFailedPrecondition:
      return "failed_precondition";
    case absl::StatusCode::kAborted:
      return "aborted";
    case absl::StatusCode::kOutOfRange:
      return "out_of_range";
    case absl::StatusCode::kUnimplemented:
      return "unimplemented";
    case absl::StatusCode::kInternal:
      return "internal";
    case absl::StatusCode::kUnavailable:
      return "unavailable";
    case absl::StatusCode::kDataLoss:
      return "data_loss";
    case absl::StatusCode::kUnauthenticated:
      return "unauthenticated";
    default:
      return "unknown";
  }
}

absl::Status UnparsedJson(const Descriptor& type, const std::string& why) {
  const std::string rule = fmt::format("must be a {} in protobuf's JSON form", type.full_name());
  const std::string text = Shortened(EscapeControlCharacters(why), kParserTextBytes);
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::REQUEST_MALFORMED,
               fmt::format("the request does not parse: it {}: {}", rule, text))
      .With("type", type.full_name())
      .With("rule", rule)
      .Field("request", rule);
}

// An empty message of a type that the server was built with; null for others.
std::unique_ptr<Message> NewMessage(const Descriptor* type) {
  const Message* made =
      type == nullptr ? nullptr : MessageFactory::generated_factory()->GetPrototype(type);
  return std::unique_ptr<Message>(made == nullptr ? nullptr : made->New());
}

ordered_json DetailOf(const google::protobuf::Any& detail) {
  std::string_view type = detail.type_url();
  type.remove_prefix(type.rfind('/') + 1);  // all of it without a slash
  ordered_json json;
  json["type"] = type;
  json["value"] = Base64Encode(detail.value());
  const auto message =
      NewMessage(DescriptorPool::generated_pool()->FindMessageTypeByName(std::string(type)));
  std::string text;
  if (message != nullptr && message->ParseFromString(detail.value()) &&
      AppendJson(*message, text)) {
    json["debug"] = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  }
  return json;
}

std::string TextOf(const google::rpc::Status& status) {
  ordered_json body;
  body["code"] = CodeName(static_cast<absl::StatusCode>(status.code()));
  body["message"] = status.message();
  for (const auto& detail : status.details()) body["details"].push_back(DetailOf(detail));
  // Text that is not UTF-8 must not turn an error into an exception.
  return body.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

const std::string& BytesOf(const service::Answer& answer) {
  const auto* bytes = std::get_if<std::string>(&answer);
  return bytes != nullptr ? *bytes : *std::get<std::shared_ptr<const std::string>>(answer);
}

absl::Status Unrendered(const Descriptor& type) {
  return absl::InternalError(fmt::format("a {} cannot be written", type.full_name()));
}

// Of a stored message, which is read for it.
absl::StatusOr<std::string> RenderJson(const Descriptor& type, const service::Answer& answer) {
  const auto* held = std::get_if<std::unique_ptr<Message>>(&answer);
  std::unique_ptr<Message> read;
  if (held == nullptr) {
    read = NewMessage(&type);
    if (read == nullptr || !read->ParseFromString(BytesOf(answer))) return Unrendered(type);
  }
  std::string json;
  if (!AppendJson(held != nullptr ? **held : *read, json)) return Unrendered(type);
  return json;
}

}  // namespace

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::string MediaTypeOf(std::string_view content_type) {
  return AsciiLower(Trimmed(content_type.substr(0, content_type.find(';'))));
}

std::optional<Codec> CodecOfType(std::string_view content_type) {
  const std::string type = MediaTypeOf(content_type);
  if (type == TypeOf(Codec::kJson)) return Codec::kJson;
  if (type == TypeOf(Codec::kProto)) return Codec::kProto;
  return std::nullopt;
}

std::optional<Codec> CodecOfName(std::string_view encoding) {
  if (encoding == "json") return Codec::kJson;
  if (encoding == "proto") return Codec::kProto;
  return std::nullopt;
}

std::string_view TypeOf(Codec codec) {
  return codec == Codec::kJson ? "application/json" : "application/proto";
}

std::optional<std::string> Base64Decode(std::string_view text) {
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  std::string url(text);
  std::replace(url.begin(), url.end(), '+', '-');
  std::replace(url.begin(), url.end(), '/', '_');
  return Base64UrlDecode(url);
}

std::string Base64Encode(std::string_view bytes) {
  std::string text = Base64UrlEncode(bytes);
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  return text;
}

absl::Status ParseMessage(Codec codec, const std::string& bytes, Message& message) {
  if (codec == Codec::kProto) {
    return message.ParseFromString(bytes) ? absl::OkStatus()
                                          : calls::Unparsed(*message.GetDescriptor());
  }
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status = google::protobuf::util::JsonStringToMessage(bytes, &message, options);
  if (status.ok()) return absl::OkStatus();
  return UnparsedJson(*message.GetDescriptor(), std::string(status.message()));
}

absl::StatusOr<std::string> RenderAnswer(Codec codec, const Descriptor& type,
                                         service::Answer answer) {
  if (codec == Codec::kJson) return RenderJson(type, answer);
  if (auto* bytes = std::get_if<std::string>(&answer)) return std::move(*bytes);
  const auto* message = std::get_if<std::unique_ptr<Message>>(&answer);
  return message != nullptr ? (*message)->SerializeAsString() : BytesOf(answer);
}

std::string ErrorText(const absl::Status& error) { return TextOf(ToRpcStatus(error)); }

http::Response ErrorAnswer(const absl::Status& error) {
  const google::rpc::Status status = ToRpcStatus(error);
  const auto code = static_cast<absl::StatusCode>(status.code());
  http::Response response = http::JsonResponse(TextOf(status), http::HttpStatus(code));
  if (code == absl::StatusCode::kUnauthenticated) {
    response.headers.push_back({"WWW-Authenticate", "Bearer"});
  }
  return response;
}

std::string BearerForm(std::string_view authorization) {
  constexpr std::string_view kBasic = "basic ";
  if (AsciiLower(authorization.substr(0, kBasic.size())) != kBasic) {
    return std::string(authorization);
  }
  std::string_view encoded = authorization.substr(kBasic.size());
  while (encoded.starts_with(' ')) encoded.remove_prefix(1);
  const auto pair = Base64Decode(encoded);
  const size_t colon = pair.has_value() ? pair->find(':') : std::string::npos;
  return "Bearer " + (colon == std::string::npos ? std::string() : pair->substr(colon + 1));
}

}  // namespace cairn::gateway
