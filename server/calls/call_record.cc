#include "server/calls/call_record.h"

#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "server/auth/access_control.h"
#include "server/auth/token_text.h"

namespace cairn::calls {
namespace {

// Sets a string field called `etag`; false if the message has none.
bool SetEtagField(google::protobuf::Message& message, const std::string& etag) {
  const auto* field = message.GetDescriptor()->FindFieldByName("etag");
  if (field == nullptr) return false;
  message.GetReflection()->SetString(&message, field, etag);
  return true;
}

absl::StatusOr<auth::IdentityPtr> IdentityOf(const auth::AccessControl& access,
                                             std::string_view authorization,
                                             std::string_view certificate, int64_t now_unix_nanos) {
  if (authorization.empty() && !certificate.empty()) {
    return std::make_shared<const auth::Identity>(
        auth::MakeIdentity(std::string(certificate), {}, v1::WhoAmIResponse::CERTIFICATE));
  }
  return access.Authenticate(auth::BearerOf(authorization).value_or(""), now_unix_nanos);
}

}  // namespace

absl::Status Overloaded() {
  return Error(absl::StatusCode::kResourceExhausted, ErrorReason::QUEUE_FULL,
               "the server has too many calls under way; try again shortly")
      .RetryAfterSeconds(Spread(0.5));
}

absl::Status CallEnded() {
  return Error(absl::StatusCode::kCancelled, ErrorReason::CALL_ENDED, "the client ended the call");
}

absl::Status DeadlineOver() {
  return Error(absl::StatusCode::kDeadlineExceeded, ErrorReason::CALL_ENDED,
               "the deadline of the call is over");
}

absl::Status WhyEnded(const service::Caller& caller) {
  absl::Status ended = caller.Ended();
  return ended.ok() ? CallEnded() : ended;
}

absl::Status Unparsed(const google::protobuf::Descriptor& type) {
  const std::string rule = fmt::format(
      "must be a {} in protobuf's wire format, with all strings in UTF-8", type.full_name());
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::REQUEST_MALFORMED,
               "the request does not parse: it " + rule)
      .With("type", type.full_name())
      .With("rule", rule)
      .Field("request", rule);
}

void Identify(const Environment& environment, std::string_view authorization,
              std::string_view certificate, std::string_view claimed, service::Caller& caller) {
  constexpr size_t kMaxNameBytes = 128;
  if (environment.access == nullptr) {
    caller.identity = auth::LocalIdentity();
    if (!claimed.empty() && claimed.size() <= kMaxNameBytes) caller.requester = claimed;
    return;
  }
  auto identity =
      IdentityOf(*environment.access, authorization, certificate, caller.now_unix_nanos);
  if (identity.ok()) {
    caller.identity = *std::move(identity);
    caller.requester = caller.identity->principal;
  } else {
    caller.unauthenticated = identity.status();
  }
}

int64_t BytesOf(const service::Answer& answer) {
  if (const auto* message = std::get_if<std::unique_ptr<google::protobuf::Message>>(&answer)) {
    return 2 * static_cast<int64_t>((*message)->ByteSizeLong());
  }
  if (const auto* bytes = std::get_if<std::string>(&answer)) {
    return static_cast<int64_t>(bytes->size());
  }
  return static_cast<int64_t>(std::get<std::shared_ptr<const std::string>>(answer)->size());
}

void StampEtag(storage::Revision revision, google::protobuf::Message& response) {
  const std::string etag = EtagOf(revision);
  if (SetEtagField(response, etag)) return;
  const auto* policy = response.GetDescriptor()->FindFieldByName("policy");
  if (policy == nullptr || policy->message_type() == nullptr) return;
  SetEtagField(*response.GetReflection()->MutableMessage(&response, policy), etag);
}

}  // namespace cairn::calls
