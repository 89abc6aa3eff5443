#ifndef CAIRN_SERVER_GATEWAY_CONNECT_CODEC_H_
#define CAIRN_SERVER_GATEWAY_CONNECT_CODEC_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "lib/http/message.h"
#include "server/service/method.h"

namespace cairn::gateway {

// Messages and errors as the Connect protocol has them over HTTP: everything that is known of it
// without a connection. All functions are pure and safe from any thread.

// How a message is written.
enum class Codec {
  kJson,   // protobuf's JSON form: lowerCamelCase, defaults left out, 64-bit integers as texts
  kProto,  // its wire format
};

// Without the blanks around it; a view of `text`.
std::string_view Trimmed(std::string_view text);

// What stands in a Content-Type before its parameters, in lower case: "application/json".
std::string MediaTypeOf(std::string_view content_type);

// The codec of a Content-Type, whose parameters do not count: "application/json" or
// "application/proto" in any case. Nullopt for any other, also for those of streams.
std::optional<Codec> CodecOfType(std::string_view content_type);

// That of the parameter `encoding` of a GET: "json" or "proto".
std::optional<Codec> CodecOfName(std::string_view encoding);

// The Content-Type of answers.
std::string_view TypeOf(Codec codec);

// Bytes from base64 of either alphabet, with padding or without; nullopt for any other text.
std::optional<std::string> Base64Decode(std::string_view text);

// Standard base64 without padding.
std::string Base64Encode(std::string_view bytes);

// Reads `bytes` into `message`. Fields that JSON names and the type does not have are left out, as
// the wire format leaves out what it does not know: newer clients may call older servers.
//   INVALID_ARGUMENT (REQUEST_MALFORMED)  it does not parse; says where, for JSON
absl::Status ParseMessage(Codec codec, const std::string& bytes,
                          google::protobuf::Message& message);

// The body of an answer, a message of `type`. INTERNAL if it holds what JSON cannot say, which
// is a fault of the server.
absl::StatusOr<std::string> RenderAnswer(Codec codec, const google::protobuf::Descriptor& type,
                                         service::Answer answer);

// An error as Connect says it, whatever the codec:
//
//   {"code": "not_found", "message": "…",
//    "details": [{"type": "google.rpc.ErrorInfo", "value": "base64", "debug": {…}}]}
//
// Details are those that gRPC would send; `debug` is for people, and left out for a type that is
// not known here. REQUIRES: !error.ok()
std::string ErrorText(const absl::Status& error);

// That, as the answer of a unary call, with the HTTP status that belongs to the code.
// REQUIRES: !error.ok()
http::Response ErrorAnswer(const absl::Status& error);

// The bearer form of an `authorization` header: "Bearer TOKEN" as it is, "Basic …" with the
// password as the token, because much that speaks HTTP knows names and passwords only. The name is
// not looked at. Other schemes are left as they are.
std::string BearerForm(std::string_view authorization);

}  // namespace cairn::gateway

#endif  // CAIRN_SERVER_GATEWAY_CONNECT_CODEC_H_
