#include "server/rpc/grpc_server.h"

#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "google/protobuf/message.h"
#include "grpc/health/v1/health.pb.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "lib/base/status_macros.h"
#include "server/core/limits.h"
#include "server/rpc/table_service.h"
#include "server/rpc/unknown_method.h"

namespace cairn::rpc {
namespace {

constexpr int kMaxStreamsPerConnection = limits::kStreamsPerConnection;
constexpr int kMaxMetadataBytes = limits::kMetadataBytes;
constexpr int kKeepaliveMillis = 30'000;
constexpr int kKeepaliveTimeoutMillis = 10'000;
constexpr int kMinPingIntervalMillis = 10'000;
constexpr int kHandshakeMillis = 10'000;
constexpr int kConnectionIdleMillis = 15 * 60'000;

// Health and reflection are process-wide switches of the library. So is the search
// for deadlocks among its locks, which packages built without NDEBUG have on: it
// takes one more lock, common to all threads, at every lock.
void EnableStandardServices() {
  static const bool enabled = [] {
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
    grpc::EnableDefaultHealthCheckService(true);
    google::protobuf::LinkMessageReflection<grpc::health::v1::HealthCheckRequest>();
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return true;
  }();
  (void)enabled;
}

// A message is unpacked before its size is checked, and 1 MB may become a gigabyte. So none
// is unpacked, and calls that send one end with UNIMPLEMENTED.
void RefuseCompression(grpc::ServerBuilder& builder) {
  builder.SetDefaultCompressionAlgorithm(GRPC_COMPRESS_NONE);
  for (const auto algorithm : {GRPC_COMPRESS_DEFLATE, GRPC_COMPRESS_GZIP}) {
    builder.SetCompressionAlgorithmSupportStatus(algorithm, false);
  }
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
}

void ApplyLimits(grpc::ServerBuilder& builder, int64_t request_bytes) {
  grpc::ResourceQuota quota("cairnd");
  quota.Resize(static_cast<size_t>(request_bytes));
  builder.SetResourceQuota(quota);
  builder.SetMaxReceiveMessageSize(limits::kMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMillis);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMillis);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kMinPingIntervalMillis);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Counts every call under several locks, for a debugging service that is not offered.
  builder.AddChannelArgument(GRPC_ARG_ENABLE_CHANNELZ, 0);
}

// Connections that say nothing end; clients open new ones by themselves.
void LimitSilence(grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMillis);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kConnectionIdleMillis);
}

}  // namespace

class GrpcServer::Impl {
 public:
  // Hands what the acceptor takes to gRPC.
  void StartAccepting() {
    acceptor->Start([this](int fd) {
      grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
      connection.fd = fd;
      grpc_acceptor->HandleNewConnection(&connection);
    });
  }

  std::unique_ptr<front::Acceptor> acceptor;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> grpc_acceptor;
  std::vector<std::unique_ptr<grpc::Service>> services;
  UnknownMethod unknown_method;
  std::unique_ptr<grpc::Server> server;
};

GrpcServer::GrpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

GrpcServer::~GrpcServer() { Stop(std::chrono::seconds(5)); }

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(front::AcceptorOptions options,
                                                              int64_t request_bytes,
                                                              Environment& environment,
                                                              const service::MethodTable& methods) {
  EnableStandardServices();
  auto impl = std::make_unique<Impl>();
  options.user_timeout_millis = kKeepaliveTimeoutMillis;
  CAIRN_ASSIGN_OR_RETURN(impl->acceptor, front::Acceptor::Bind(std::move(options)));
  for (const std::string& name : methods.Services()) {
    impl->services.push_back(std::make_unique<TableService>(environment, methods, name));
  }
  grpc::ServerBuilder builder;
  ApplyLimits(builder, request_bytes);
  LimitSilence(builder);
  impl->grpc_acceptor = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
      grpc::InsecureServerCredentials());
  RefuseCompression(builder);
  for (const auto& service : impl->services) builder.RegisterService(service.get());
  builder.RegisterCallbackGenericService(&impl->unknown_method);
  impl->server = builder.BuildAndStart();
  if (impl->server == nullptr) return absl::InternalError("gRPC does not start");
  impl->server->GetHealthCheckService()->SetServingStatus(true);
  impl->StartAccepting();
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(impl)));
}

int GrpcServer::port() const { return impl_->acceptor->port(); }

absl::Status GrpcServer::Health() const { return impl_->acceptor->Health(); }

front::ConnectionCounts::Totals GrpcServer::connections() const {
  return impl_->acceptor->counts().totals();
}

void GrpcServer::Stop(std::chrono::milliseconds drain) {
  if (impl_->server == nullptr) return;
  impl_->server->GetHealthCheckService()->SetServingStatus(false);
  impl_->acceptor->Stop();
  impl_->server->Shutdown(std::chrono::system_clock::now() + drain);
  impl_->server->Wait();
  impl_->server.reset();
}

}  // namespace cairn::rpc
