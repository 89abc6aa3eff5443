#ifndef CAIRN_SERVER_RPC_SERVER_STREAM_H_
#define CAIRN_SERVER_RPC_SERVER_STREAM_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/calls/replies.h"
#include "server/rpc/call.h"
#include "server/rpc/handover.h"
#include "server/service/method.h"

namespace cairn::rpc {

// A call of any method that answers with a stream.
//
// The method's PartSource gives one part at a time on a pool, where it may block; one write is
// under way at a time, so a slow client holds one part. A call is charged for that and for
// what the source holds between parts. It is refused before its first part, when too much
// is held already or the pool takes no more, and not later: a client that got a part gets
// the others. While the source has nothing to say the call holds no thread and is charged for
// nothing but what the source holds. Large parts go to who took the last one quickly. Of a client
// that takes nothing for long the call is ended. Deletes itself in OnDone.
class ServerStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer>, private ReplyWatch {
 public:
  // Begins to serve on the pool of the method's effort, which is not inline. All of them outlive
  // the call.
  static ServerStream* Begin(Environment& environment, const service::Method& method,
                             grpc::CallbackServerContext* context, const grpc::ByteBuffer* request);

  ServerStream(Environment& environment, const service::Method& method,
               grpc::CallbackServerContext* context, const grpc::ByteBuffer* request);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  void Start();
  absl::Status Open();
  absl::StatusOr<service::Part> NextPart();
  int64_t PartBytes();
  void GoOn();
  void WaitForMore();
  void WakeUp();
  void Step();
  absl::Status ChargeHeld();
  void End(const absl::Status& status);
  void GiveUp() override { context_->TryCancel(); }

  static constexpr std::chrono::milliseconds kQuick{100};

  Environment& environment_;
  const service::Method& method_;
  ThreadPool& pool_;
  CallRecord record_;
  grpc::CallbackServerContext* const context_;
  const service::Caller caller_;
  grpc::ByteBuffer bytes_;  // of the request, until it is parsed
  std::unique_ptr<google::protobuf::Message> request_;
  std::unique_ptr<service::PartSource> source_;  // null before the first part
  MemoryCharge charge_;
  MemoryCharge large_;  // of the part under way, beyond what every stream is charged for
  std::chrono::steady_clock::time_point written_;
  bool quick_ = false;  // the client took the last part within kQuick
  int64_t charged_held_ = 0;
  bool begun_ = false;  // the first part is on its way
  bool rests_ = false;  // it waited, and is charged for nothing since
  grpc::ByteBuffer part_;
  Handover handover_;
  std::atomic<bool> cancelled_{false};
  // The source has nothing to say; who takes this back goes on.
  std::atomic<bool> waiting_{false};
};

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_SERVER_STREAM_H_
