#ifndef CAIRN_SERVER_RPC_PARSED_SERVICE_H_
#define CAIRN_SERVER_RPC_PARSED_SERVICE_H_

#include <memory>
#include <utility>

#include "google/protobuf/descriptor.h"
#include "grpcpp/impl/codegen/server_callback_handlers.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/rpc/call.h"

namespace cairn::rpc {

// A method whose requests may fail to parse. gRPC answers those by itself with
// UNIMPLEMENTED and without details; this lets them be refused as all others are.
//
// `Handler` is gRPC's handler of the method. One of them parses and serves as before;
// only what did not parse goes to a second one, which refuses. A good call costs one
// virtual call more. Owned by gRPC's service.
template <typename Handler>
class ParsedMethod final : public grpc::internal::MethodHandler {
 public:
  template <typename Serve, typename Refuse>
  ParsedMethod(Serve serve, Refuse refuse) : serve_(std::move(serve)), refuse_(std::move(refuse)) {}

  void RunHandler(const HandlerParameter& call) override {
    if (call.status.ok()) return serve_.RunHandler(call);
    refuse_.RunHandler({call.call, call.server_context, call.request, grpc::Status::OK,
                        call.internal_data, call.call_requester});
  }

  void* Deserialize(grpc_call* call, grpc_byte_buffer* request, grpc::Status* status,
                    void** handler_data) override {
    return serve_.Deserialize(call, request, status, handler_data);
  }

 private:
  Handler serve_;
  Handler refuse_;
};

// The method of `service` that takes `request`; there must be exactly one.
const google::protobuf::MethodDescriptor& MethodTaking(const char* service,
                                                       const google::protobuf::Descriptor& request);

// Counts a call of `method` whose request did not parse, and says so.
grpc::Status RefuseUnparsed(const Environment& environment,
                            const google::protobuf::MethodDescriptor& method);

// Ends a call with a stream of answers before the first.
template <typename Response>
class RefusedStream final : public grpc::ServerWriteReactor<Response> {
 public:
  explicit RefusedStream(const grpc::Status& status) { this->Finish(status); }
  void OnDone() override { delete this; }
};

// Base of a service's implementation: `Service` is the generated class, `Base` its
// CallbackService, or that with methods that take bytes.
//
// The constructor gives all methods that take a message to Parsed, and those that take
// a stream of messages to ParsedStream; methods are found by the type of what they take.
// Methods that take bytes parse them by ParseRequest.
template <typename Service, typename Base = typename Service::CallbackService>
class ParsedService : public Base {
 protected:
  template <typename Self, typename... Methods>
  void Parsed(Environment& environment, Self* self, Methods... methods) {
    (Register(environment, self, methods), ...);
  }

  // `Handler` is gRPC's handler of a call whose messages are bytes, and `serve` what begins
  // such a call; the messages are `Request`s. Also of a method that takes one message: gRPC
  // reads that by itself only where it knows the method as one of one message.
  template <typename Handler, typename Request, typename Serve>
  void ParsedStream(Serve serve) {
    const auto& method = Method<Request>();
    if (!method.client_streaming()) {
      this->MarkMethodStreamed(method.index(), std::make_unique<Handler>(serve).release());
    }
    Mark(method, std::make_unique<Handler>(std::move(serve)));
  }

 private:
  using Context = grpc::CallbackServerContext;

  template <typename Request>
  static const google::protobuf::MethodDescriptor& Method() {
    return MethodTaking(Service::service_full_name(), *Request::descriptor());
  }

  void Mark(const google::protobuf::MethodDescriptor& method,
            std::unique_ptr<grpc::internal::MethodHandler> handler) {
    this->MarkMethodCallback(method.index(), handler.release());  // the service owns it
  }

  template <typename Self, typename Request, typename Response>
  void Register(Environment& environment, Self* self,
                grpc::ServerUnaryReactor* (Self::*serve)(Context*, const Request*, Response*)) {
    using Handler = grpc::internal::CallbackUnaryHandler<Request, Response>;
    const auto& method = Method<Request>();
    Mark(method, std::make_unique<ParsedMethod<Handler>>(
                     [self, serve](Context* context, const Request* request, Response* response) {
                       return (self->*serve)(context, request, response);
                     },
                     [&](Context* context, const Request*, Response*) {
                       grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
                       reactor->Finish(RefuseUnparsed(environment, method));
                       return reactor;
                     }));
  }

  template <typename Self, typename Request, typename Response>
  void Register(Environment& environment, Self* self,
                grpc::ServerWriteReactor<Response>* (Self::*serve)(Context*, const Request*)) {
    using Handler = grpc::internal::CallbackServerStreamingHandler<Request, Response>;
    const auto& method = Method<Request>();
    Mark(method,
         std::make_unique<ParsedMethod<Handler>>(
             [self, serve](Context* context, const Request* request) {
               return (self->*serve)(context, request);
             },
             [&](Context*, const Request*) {
               return std::make_unique<RefusedStream<Response>>(RefuseUnparsed(environment, method))
                   .release();  // deletes itself
             }));
  }
};

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_PARSED_SERVICE_H_
