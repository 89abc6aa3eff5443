#include "server/rpc/operation_wait.h"

#include <memory>
#include <utility>

#include "server/calls/operation_wait.h"
#include "server/rpc/handover.h"

namespace cairn::rpc {
namespace {

// One call, over in OnDone.
class OperationWait final : public grpc::ServerUnaryReactor, public calls::OperationWait {
 public:
  OperationWait(Environment& environment, const service::Method& method,
                const grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                grpc::ByteBuffer* response)
      : calls::OperationWait(environment, method, CallerOf(environment, context),
                             CallRecord(environment, method.path.c_str())),
        request_bytes_(request),
        response_(response) {}

  void OnCancel() override {
    handover_.Take();
    Cancelled();
    handover_.Pass();
  }
  void OnDone() override {
    handover_.Take();
    Over();
  }

  void Begun() { handover_.Pass(); }

 private:
  absl::Status Parse(google::protobuf::Message& request) override {
    return ParseRequest(*request_bytes_, request);
  }

  void Send(absl::StatusOr<service::Answer> answer) override {
    const grpc::Status status = ToGrpcStatus(answer.status());
    if (answer.ok()) *response_ = ToByteBuffer(*std::move(answer));
    handover_.Pass();
    Finish(status);
  }

  const grpc::ByteBuffer* const request_bytes_;
  grpc::ByteBuffer* const response_;
  Handover handover_;
};

}  // namespace

grpc::ServerUnaryReactor* WaitOperation(Environment& environment, const service::Method& method,
                                        const grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) {
  const auto wait =
      std::make_shared<OperationWait>(environment, method, context, request, response);
  wait->Serve();
  wait->Begun();
  return wait.get();
}

}  // namespace cairn::rpc
