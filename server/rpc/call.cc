#include "server/rpc/call.h"

#include <chrono>

#include "fmt/format.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/auth/access_control.h"
#include "server/auth/token_text.h"
#include "server/front/peers.h"
#include "server/rpc/handover.h"
#include "server/service/authorize.h"

namespace cairn::rpc {
namespace {

// Sets a string field called `etag`; false if the message has none.
bool SetEtagField(google::protobuf::Message& message, const std::string& etag) {
  const auto* field = message.GetDescriptor()->FindFieldByName("etag");
  if (field == nullptr) return false;
  message.GetReflection()->SetString(&message, field, etag);
  return true;
}

// Empty without such an entry.
std::string_view MetadataEntry(const grpc::ServerContextBase& context, const char* key) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find(key);
  if (found == metadata.end()) return {};
  return {found->second.data(), found->second.size()};
}

// A token goes before a certificate: it says more exactly who calls.
absl::StatusOr<auth::IdentityPtr> IdentityOf(const auth::AccessControl& access,
                                             const grpc::ServerContextBase& context,
                                             int64_t now_unix_nanos) {
  const std::string_view authorization = MetadataEntry(context, "authorization");
  if (authorization.empty()) {
    const auto peer = front::PeerOf(context.peer());
    if (peer != nullptr && peer->certificate.has_value()) {
      return std::make_shared<const auth::Identity>(
          auth::MakeIdentity(peer->certificate->principal, {}, v1::WhoAmIResponse::CERTIFICATE));
    }
  }
  return access.Authenticate(auth::BearerOf(authorization).value_or(""), now_unix_nanos);
}

absl::Status ParseRequest(const grpc::ByteBuffer& buffer, google::protobuf::Message& request) {
  grpc::Slice slice;
  bool parsed = false;
  if (buffer.TrySingleSlice(&slice).ok()) {
    parsed = request.ParseFromArray(slice.begin(), static_cast<int>(slice.size()));
  } else {
    grpc::ByteBuffer slices = buffer;  // shares the bytes
    grpc::ProtoBufferReader reader(&slices);
    parsed = reader.status().ok() && request.ParseFromZeroCopyStream(&reader);
  }
  return parsed ? absl::OkStatus() : Unparsed(*request.GetDescriptor());
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

std::function<absl::Status()> EndOf(const grpc::CallbackServerContext* context) {
  return [context]() -> absl::Status {
    if (std::chrono::system_clock::now() >= context->deadline()) {
      return Error(absl::StatusCode::kDeadlineExceeded, ErrorReason::CALL_ENDED,
                   "the deadline of the call is over");
    }
    return context->IsCancelled() ? CallEnded() : absl::OkStatus();
  };
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

absl::Status Receive(const Environment& environment, const service::Method& method,
                     const service::Caller& caller, const grpc::ByteBuffer& buffer,
                     google::protobuf::Message& request, bool continues) {
  CAIRN_RETURN_IF_ERROR(service::CheckIdentity(environment.access, caller));
  CAIRN_RETURN_IF_ERROR(ParseRequest(buffer, request));
  return service::Authorize(environment.access, method, caller, request, continues);
}

grpc::ByteBuffer ToByteBuffer(std::string bytes) {
  struct Held {
    std::string bytes;
    Handover handover;
  };
  auto* held = new Held{std::move(bytes), {}};  // freed with the slice
  held->handover.Pass();
  const grpc::Slice slice(
      held->bytes.data(), held->bytes.size(),
      [](void* owned) {
        auto* released = static_cast<Held*>(owned);
        released->handover.Take();
        delete released;
      },
      held);
  return grpc::ByteBuffer(&slice, 1);
}

grpc::ByteBuffer ToByteBuffer(const google::protobuf::Message& message) {
  grpc::Slice slice(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  return grpc::ByteBuffer(&slice, 1);
}

service::Caller CallerOf(const Environment& environment,
                         const grpc::CallbackServerContext* context) {
  constexpr size_t kMaxNameBytes = 128;
  service::Caller caller;
  caller.now_unix_nanos = environment.clock.NowUnixNanos();
  caller.ended = EndOf(context);
  if (environment.access == nullptr) {
    caller.identity = auth::LocalIdentity();
    const std::string_view name = MetadataEntry(*context, "cairn-principal");
    if (!name.empty() && name.size() <= kMaxNameBytes) caller.requester = name;
    return caller;
  }
  auto identity = IdentityOf(*environment.access, *context, caller.now_unix_nanos);
  if (identity.ok()) {
    caller.identity = *std::move(identity);
    caller.requester = caller.identity->principal;
  } else {
    caller.unauthenticated = identity.status();
  }
  return caller;
}

int64_t BytesOf(const service::Answer& answer) {
  if (const auto* message = std::get_if<std::unique_ptr<google::protobuf::Message>>(&answer)) {
    // Twice: as a message and as bytes.
    return 2 * static_cast<int64_t>((*message)->ByteSizeLong());
  }
  if (const auto* bytes = std::get_if<std::string>(&answer)) {
    return static_cast<int64_t>(bytes->size());
  }
  return static_cast<int64_t>(std::get<std::shared_ptr<const std::string>>(answer)->size());
}

grpc::ByteBuffer ToByteBuffer(service::Answer answer) {
  if (const auto* message = std::get_if<std::unique_ptr<google::protobuf::Message>>(&answer)) {
    return ToByteBuffer(**message);
  }
  if (auto* bytes = std::get_if<std::string>(&answer)) return ToByteBuffer(std::move(*bytes));
  const grpc::Slice copy(*std::get<std::shared_ptr<const std::string>>(answer));
  return grpc::ByteBuffer(&copy, 1);
}

void StampEtag(storage::Revision revision, google::protobuf::Message& response) {
  const std::string etag = EtagOf(revision);
  if (SetEtagField(response, etag)) return;
  const auto* policy = response.GetDescriptor()->FindFieldByName("policy");
  if (policy == nullptr || policy->message_type() == nullptr) return;
  SetEtagField(*response.GetReflection()->MutableMessage(&response, policy), etag);
}

}  // namespace cairn::rpc
