#include "server/rpc/call.h"

#include <chrono>
#include <memory>
#include <string_view>
#include <utility>
#include <variant>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "lib/base/errors.h"
#include "server/front/peers.h"
#include "server/rpc/handover.h"

namespace cairn::rpc {
namespace {

// Empty without such an entry.
std::string_view MetadataEntry(const grpc::ServerContextBase& context, const char* key) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find(key);
  if (found == metadata.end()) return {};
  return {found->second.data(), found->second.size()};
}

// Of two the one that counts would be a matter of chance, and whoever stands in between may have
// looked at the other.
absl::Status SeveralAuthorizations() {
  return Error(absl::StatusCode::kUnauthenticated, ErrorReason::TOKEN_INVALID,
               "the metadata must have one entry \"authorization\" at most");
}

}  // namespace

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
  return parsed ? absl::OkStatus() : calls::Unparsed(*request.GetDescriptor());
}

std::function<absl::Status()> EndOf(const grpc::CallbackServerContext* context) {
  return [context]() -> absl::Status {
    if (std::chrono::system_clock::now() >= context->deadline()) {
      return calls::DeadlineOver();
    }
    return context->IsCancelled() ? calls::CallEnded() : absl::OkStatus();
  };
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
  service::Caller caller;
  caller.now_unix_nanos = environment.clock.NowUnixNanos();
  caller.ended = EndOf(context);
  const std::string_view authorization = MetadataEntry(*context, "authorization");
  std::string certificate;
  if (environment.access != nullptr && authorization.empty()) {
    const auto peer = front::PeerOf(context->peer());
    if (peer != nullptr && peer->certificate.has_value()) {
      certificate = peer->certificate->principal;
    }
  }
  calls::Identify(environment, authorization, certificate,
                  MetadataEntry(*context, "cairn-principal"), caller);
  if (environment.access != nullptr && context->client_metadata().count("authorization") > 1) {
    caller.identity = nullptr;
    caller.unauthenticated = SeveralAuthorizations();
  }
  return caller;
}

grpc::ByteBuffer ToByteBuffer(service::Answer answer) {
  if (const auto* message = std::get_if<std::unique_ptr<google::protobuf::Message>>(&answer)) {
    return ToByteBuffer(**message);
  }
  if (auto* bytes = std::get_if<std::string>(&answer)) return ToByteBuffer(std::move(*bytes));
  const grpc::Slice copy(*std::get<std::shared_ptr<const std::string>>(answer));
  return grpc::ByteBuffer(&copy, 1);
}

}  // namespace cairn::rpc
