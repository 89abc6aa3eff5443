#ifndef CAIRN_SERVER_RPC_LARGE_REQUEST_H_
#define CAIRN_SERVER_RPC_LARGE_REQUEST_H_

#include <cstdint>
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/impl/codegen/server_callback_handlers.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "lib/base/status_macros.h"
#include "server/rpc/call.h"
#include "server/rpc/handover.h"
#include "server/rpc/intake.h"
#include "server/rpc/unary_reply.h"

namespace cairn::rpc {

// Handler template 1d: a unary call with a large request, which is not read before the intake
// lets it in (intake.h), and is parsed and answered on the disk's pool.
//
// To gRPC it is a stream of one message: that is how a server decides when to read. On the wire
// the two are the same.
// Deletes itself in OnDone. Begin with Start().
template <typename Request, typename Response>
class LargeRequest final : public grpc::ServerReadReactor<grpc::ByteBuffer>, private OneReply {
 public:
  using Handler = grpc::internal::CallbackClientStreamingHandler<grpc::ByteBuffer, Response>;
  // Called once, on a thread where it may block.
  using Serve = std::function<absl::StatusOr<Response>(const Request&)>;

  // All of them outlive the call.
  LargeRequest(Environment& environment, const char* method, grpc::CallbackServerContext* context,
               Response* response, const Serve& serve)
      : OneReply(environment.replies, context),
        environment_(environment),
        context_(context),
        response_(response),
        serve_(serve),
        record_(environment, method) {}

  // Reads the request in its turn. Called once, after construction.
  void Start() {
    handover_.Pass();
    environment_.intake.Admit(EndOf(context_), [this](const absl::Status& status) {
      handover_.Take();
      if (!status.ok()) return Answer(status);
      ticket_ = environment_.intake.Begin();
      handover_.Pass();
      StartRead(&bytes_);
    });
  }

  void OnReadDone(bool ok) override {
    handover_.Take();
    if (!ok) return Answer(WhyNothing());
    const auto bytes = static_cast<int64_t>(bytes_.Length());
    ticket_.Received(bytes);
    handover_.Pass();
    environment_.pools.Run(Effort::kDisk, bytes, EndOf(context_),
                           [this](const absl::Status& status) {
                             handover_.Take();
                             Answer(status.ok() ? Respond() : status);
                           });
  }
  void OnDone() override {
    handover_.Take();
    Over();
    delete this;
  }

 private:
  // Of a call that ended before its request came, or came without one.
  absl::Status WhyNothing() const {
    absl::Status ended = EndOf(context_)();
    return ended.ok() ? Unparsed(*Request::descriptor()) : ended;
  }

  absl::Status Respond() {
    Request request;
    CAIRN_RETURN_IF_ERROR(ParseRequest(bytes_, request));
    bytes_.Clear();
    CAIRN_ASSIGN_OR_RETURN(*response_, serve_(request));
    // Twice: as a message and as bytes.
    return Charge(2 * static_cast<int64_t>(response_->ByteSizeLong()));
  }

  // The last thing that is done with this object: the call may be over within.
  void Answer(const absl::Status& status) {
    ticket_.Leave();
    Sent();
    const grpc::Status answer = record_.Finish(status);
    handover_.Pass();
    this->Finish(answer);
  }

  Environment& environment_;
  grpc::CallbackServerContext* const context_;
  Response* const response_;
  const Serve& serve_;
  CallRecord record_;
  Intake::Ticket ticket_;
  grpc::ByteBuffer bytes_;
  Handover handover_;
};

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_LARGE_REQUEST_H_
