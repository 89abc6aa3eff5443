#include "lib/client/transport.h"

#include <grpcpp/impl/client_unary_call.h>

#include <chrono>
#include <random>
#include <string_view>

#include "cairn/v1/server.grpc.pb.h"  // the machinery of generated stubs
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/client/grpc_status.h"
#include "lib/client/request_texts.h"
#include "lib/client/tls_errors.h"
#include "lib/client/transport_impl.h"

namespace cairn::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

int64_t NowUnixMillis() {
  return std::chrono::duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

uint64_t RandomBits() {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  return generator();
}

std::shared_ptr<grpc::ChannelCredentials> Credentials(const ClientTls& tls) {
  if (!tls.on) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = tls.authority_pem;
  options.pem_cert_chain = tls.certificate_pem;
  options.pem_private_key = tls.key_pem;
  return grpc::SslCredentials(options);
}

std::shared_ptr<grpc::Channel> MakeChannel(const ConnectOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(options.max_response_bytes);
  // The default of 1 s would outlast all repetitions of a call.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  // In spite of its name this is how long one attempt to connect may take: a
  // busy machine needs more than a moment, a refused connection fails at once.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // A server that is stopped or a network that is gone must not hold a stream for ever.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, static_cast<int>(options.keepalive_millis));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  if (!options.tls.server_name.empty()) {
    arguments.SetSslTargetNameOverride(options.tls.server_name);
  }
  return grpc::CreateCustomChannel(options.address, Credentials(options.tls), arguments);
}

void FillRequestId(const char* path, google::protobuf::Message* request, RequestIds& ids) {
  const auto* field = request->GetDescriptor()->FindFieldByName("request_id");
  if (field == nullptr) return;
  const auto* reflection = request->GetReflection();
  if (!reflection->GetString(*request, field).empty()) return;
  reflection->SetString(request, field, ids.Next(path));
}

absl::Status Unreachable(const std::string& address, const std::string& cause) {
  return Error(absl::StatusCode::kUnavailable, ErrorReason::SERVER_UNREACHABLE,
               fmt::format("no Cairn server answers at {}: start one with `cairnd --data-dir DIR`, "
                           "or name another address",
                           address))
      .With("address", address)
      .With("cause", cause)
      .RetryAfterSeconds(1);
}

// gRPC's words for a server that answers HTTP/1.
bool IsHttpPort(std::string_view cause) {
  return cause.find("http1.x server") != std::string_view::npos;
}

absl::Status SpeaksHttp(const std::string& address) {
  return InvalidField(ErrorReason::VALUE_INVALID, "address", address,
                      "a server answers HTTP there, not gRPC; name the gRPC port, which `cairnd` "
                      "prints beside it (50051 by default)");
}

// gRPC ends streams so when a server's memory for calls is used up; an answer of the
// server itself has a reason.
bool HasNoMemoryForCalls(const absl::Status& status) {
  return status.code() == absl::StatusCode::kResourceExhausted &&
         std::string_view(status.message().data(), status.message().size()).find("RST_STREAM") !=
             std::string_view::npos;
}

absl::Status Overloaded(const std::string& address) {
  return Error(absl::StatusCode::kUnavailable, ErrorReason::QUEUE_FULL,
               fmt::format("{} has no memory left for more calls at the moment", address))
      .With("address", address)
      .RetryAfterSeconds(1);
}

// A server that stops resets, as if cancelled, the calls that reach it before its client hears of
// the stop. To whoever made the call it is what a broken connection is.
absl::Status Dropped(const std::string& address) {
  return Error(absl::StatusCode::kUnavailable, ErrorReason::SERVER_UNREACHABLE,
               fmt::format("{} dropped the call, as a server does that stops", address))
      .With("address", address)
      .With("cause", "cancelled by the server")
      .RetryAfterSeconds(1);
}

}  // namespace

absl::Status Transport::Impl::Convert(const grpc::Status& status) const {
  absl::Status converted = FromGrpcStatus(status);
  if (converted.ok() || !ReasonOf(converted).empty()) {
    answered = true;
    return converted;
  }
  if (HasNoMemoryForCalls(converted)) return Overloaded(address);
  const std::string message(converted.message());
  switch (converted.code()) {
    case absl::StatusCode::kUnavailable:
      if (auto explained = MayBeTls(message) ? ExplainTls(address, tls) : std::nullopt) {
        return *std::move(explained);
      }
      if (IsHttpPort(message)) return SpeaksHttp(address);
      return Unreachable(address, message);
    case absl::StatusCode::kDeadlineExceeded:
      return Error(converted.code(), ErrorReason::CALL_ENDED,
                   fmt::format("{} did not answer in time", address))
          .With("address", address);
    case absl::StatusCode::kCancelled:
      if (!IsCancelled()) return Dropped(address);
      return Error(converted.code(), ErrorReason::CALL_ENDED, "the call was cancelled");
    default:
      return converted;
  }
}

bool Transport::Impl::IsCancelled() const {
  MutexLock lock(&mutex);
  return cancelled;
}

// Whether it is worth looking: somebody is there, at an address that is HOST:PORT.
bool Transport::Impl::MayBeTls(std::string_view cause) const {
  const bool other_scheme = address.find(':') != address.rfind(':') && address.front() != '[';
  return !answered && !other_scheme && !IsHttpPort(cause) &&
         cause.find("Connection refused") == std::string_view::npos;
}

bool Transport::Impl::Pause(int64_t millis) {
  const auto end = std::chrono::steady_clock::now() + milliseconds(millis);
  MutexLock lock(&mutex);
  while (!cancelled) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left <= left.zero()) break;
    cancel_signal.WaitFor(&mutex, left);
  }
  return !cancelled;
}

ScopedContext::ScopedContext(Transport::Impl& impl) : impl_(impl) {
  if (!impl.principal.empty()) context_.AddMetadata("cairn-principal", impl.principal);
  if (!impl.authorization.empty()) context_.AddMetadata("authorization", impl.authorization);
  MutexLock lock(&impl_.mutex);
  impl_.active.insert(&context_);
  if (impl_.cancelled) context_.TryCancel();
}

ScopedContext::~ScopedContext() {
  MutexLock lock(&impl_.mutex);
  impl_.active.erase(&context_);
}

bool RetryLoop::Again(const absl::Status& status) {
  const BackoffPolicy& policy = transport_.options().backoff;
  if (status.code() != absl::StatusCode::kUnavailable) return false;
  if (++repetitions_ >= policy.max_attempts) return false;
  const int64_t wait = policy.WaitMillis(repetitions_, RandomBits());
  if (deadline_unix_millis_ != 0 && NowUnixMillis() + wait >= deadline_unix_millis_) return false;
  return transport_.impl().Pause(wait);
}

Transport::Transport(ConnectOptions options)
    : options_(std::move(options)),
      request_ids_(*options_.ids, options_.request_id),
      impl_(std::make_unique<Impl>()) {
  impl_->channel = MakeChannel(options_);
  impl_->address = options_.address;
  impl_->tls = options_.tls;
  impl_->principal = options_.principal;
  if (!options_.token.empty()) impl_->authorization = "Bearer " + options_.token;
}

Transport::~Transport() = default;

absl::Status Transport::CallMessage(const char* path, google::protobuf::Message* request,
                                    google::protobuf::Message* response) {
  using google::protobuf::MessageLite;
  CAIRN_RETURN_IF_ERROR(CheckTexts(*request));
  FillRequestId(path, request, request_ids_);
  const int64_t deadline = NowUnixMillis() + options_.call_timeout_millis;
  const grpc::internal::RpcMethod method(path, grpc::internal::RpcMethod::NORMAL_RPC,
                                         impl_->channel);
  RetryLoop retry(*this, deadline);
  while (true) {
    ScopedContext context(*impl_);
    context.get()->set_deadline(system_clock::time_point(milliseconds(deadline)));
    const grpc::Status result =
        grpc::internal::BlockingUnaryCall<MessageLite, MessageLite, MessageLite, MessageLite>(
            impl_->channel.get(), method, context.get(), *request, response);
    absl::Status status = impl_->Convert(result);
    if (status.ok() || !retry.Again(status)) return status;
  }
}

void Transport::Cancel() {
  MutexLock lock(&impl_->mutex);
  impl_->cancelled = true;
  for (grpc::ClientContext* context : impl_->active) context->TryCancel();
  impl_->cancel_signal.SignalAll();
}

}  // namespace cairn::client
