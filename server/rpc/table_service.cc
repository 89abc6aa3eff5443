#include "server/rpc/table_service.h"

#include <memory>

#include "google/longrunning/operations.pb.h"
#include "grpcpp/impl/codegen/rpc_service_method.h"
#include "grpcpp/impl/codegen/server_callback_handlers.h"
#include "grpcpp/support/byte_buffer.h"
#include "server/rpc/client_stream.h"
#include "server/rpc/large_request.h"
#include "server/rpc/log_metrics_stream.h"
#include "server/rpc/operation_wait.h"
#include "server/rpc/server_stream.h"
#include "server/rpc/unary_call.h"

namespace cairn::rpc {
namespace {

using grpc::ByteBuffer;
using grpc::CallbackServerContext;
using grpc::internal::MethodHandler;
using grpc::internal::RpcMethod;
using service::Method;
using Unary = grpc::internal::CallbackUnaryHandler<ByteBuffer, ByteBuffer>;
using ServerStreaming = grpc::internal::CallbackServerStreamingHandler<ByteBuffer, ByteBuffer>;
using ClientStreaming = grpc::internal::CallbackClientStreamingHandler<ByteBuffer, ByteBuffer>;

// What gRPC must know before the first message comes: who decides when it is read.
RpcMethod::RpcType TypeOf(const Method& method) {
  const auto& descriptor = *method.descriptor;
  if (descriptor.client_streaming() && descriptor.server_streaming())
    return RpcMethod::BIDI_STREAMING;
  if (descriptor.client_streaming() || method.rule.large_request()) {
    return RpcMethod::CLIENT_STREAMING;
  }
  return descriptor.server_streaming() ? RpcMethod::SERVER_STREAMING : RpcMethod::NORMAL_RPC;
}

std::unique_ptr<MethodHandler> HandlerOf(Environment& environment, const Method& method) {
  if (std::holds_alternative<service::PointStream>(method.serve)) {
    return std::make_unique<LogMetricsStream::Handler>(
        [&environment, &method](CallbackServerContext* context) {
          return LogMetricsStream::Begin(environment, method, context);
        });
  }
  if (std::holds_alternative<service::OperationWaits>(method.serve)) {
    return std::make_unique<Unary>([&environment, &method](CallbackServerContext* context,
                                                           const ByteBuffer* request,
                                                           ByteBuffer* response) {
      return WaitOperation(environment, method, context, request, response);
    });
  }
  if (std::holds_alternative<service::OpenFunction>(method.serve)) {
    return std::make_unique<ServerStreaming>(
        [&environment, &method](CallbackServerContext* context, const ByteBuffer* request) {
          return ServerStream::Begin(environment, method, context, request);
        });
  }
  if (std::holds_alternative<service::SinkFunction>(method.serve)) {
    return std::make_unique<ClientStreaming>(
        [&environment, &method](CallbackServerContext* context, ByteBuffer* response) {
          return ClientStream::Begin(environment, method, context, response);
        });
  }
  if (method.rule.large_request()) {
    return std::make_unique<ClientStreaming>(
        [&environment, &method](CallbackServerContext* context, ByteBuffer* response) {
          return LargeRequest::Begin(environment, method, context, response);
        });
  }
  return std::make_unique<Unary>([&environment, &method](CallbackServerContext* context,
                                                         const ByteBuffer* request,
                                                         ByteBuffer* response) {
    return UnaryCall::Begin(environment, method, context, request, response);
  });
}

}  // namespace

TableService::TableService(Environment& environment, const service::MethodTable& table,
                           std::string_view service) {
  const std::string prefix = std::string(service) + "/";
  for (const Method* method : table.methods()) {
    if (method->path.starts_with(prefix)) Add(environment, *method);
  }
}

void TableService::Add(Environment& environment, const Method& method) {
  const int index = static_cast<int>(paths_.size());
  const std::string& path = paths_.emplace_back("/" + method.path);
  // The service owns both.
  AddMethod(
      std::make_unique<grpc::internal::RpcServiceMethod>(path.c_str(), TypeOf(method), nullptr)
          .release());
  MarkMethodRawCallback(index, HandlerOf(environment, method).release());
}

}  // namespace cairn::rpc
