#ifndef CAIRN_SERVER_RPC_STREAMS_H_
#define CAIRN_SERVER_RPC_STREAMS_H_

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/impl/codegen/server_callback_handlers.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "lib/base/errors.h"
#include "server/rpc/call.h"
#include "server/rpc/handover.h"
#include "server/rpc/replies.h"

namespace cairn::rpc {

// Handler template 2: a call that answers with a stream.
//
// Subclasses produce one part at a time on a pool, where they may block; one write is
// under way at a time, so a slow client holds one part. A call is charged for that and for
// what the subclass holds between parts. It is refused before its first part, when too much
// is held already or the pool takes no more, and not later: a client that got a part gets
// the others. Large parts go to who took the last one quickly. Of a client that takes nothing
// for long the call is ended. Deletes itself in
// OnDone. Begin with Start().
class ServerStream : public grpc::ServerWriteReactor<grpc::ByteBuffer>, private ReplyWatch {
 public:
  // Parts are produced on the pool of `effort`, which is not quick.
  ServerStream(Environment& environment, const char* method, grpc::CallbackServerContext* context,
               Effort effort)
      : ReplyWatch(environment.replies),
        environment_(environment),
        pool_(environment.pools.Of(effort)),
        record_(environment, method),
        context_(context) {}

  // Produces the first part. Called once, after construction.
  void Start() {
    const absl::Status room = environment_.replies.Charge(Replies::kPartBytes, charge_);
    if (!room.ok()) return End(room);
    handover_.Pass();
    if (!pool_.TrySubmit([this] { Step(); })) End(Overloaded());
  }

  void OnWriteDone(bool ok) final {
    handover_.Take();
    Taken();
    large_.Release();
    quick_ = std::chrono::steady_clock::now() - written_ < kQuick;
    ok ? GoOn() : End(CallEnded());
  }
  void OnCancel() final {
    handover_.Take();
    cancelled_ = true;
    handover_.Pass();
  }
  void OnDone() final {
    handover_.Take();
    Taken();
    delete this;
  }

 protected:
  // Fills `part` with the next message, as bytes, of at most Replies::kPartBytes, or what
  // PartBytes says: true if there is one, false at the end. Called by one pool thread at a time.
  virtual absl::StatusOr<bool> Produce(grpc::ByteBuffer& part) = 0;

  // For Produce, once, when it has more than Replies::kPartBytes: what the part may hold.
  int64_t PartBytes() {
    const bool large = quick_ && environment_.replies.ChargeLargePart(large_);
    return large ? Replies::kLargePartBytes : Replies::kPartBytes;
  }

  // What the subclass holds while its client takes a part.
  virtual int64_t HeldBytes() const { return 0; }

  Environment& environment() { return environment_; }
  bool cancelled() const { return cancelled_; }

 private:
  void GoOn() {
    handover_.Pass();
    if (!pool_.Resubmit([this] { Step(); })) End(CallEnded());
  }

  void Step() {
    handover_.Take();
    if (cancelled_) return End(CallEnded());
    part_.Clear();
    {
      absl::StatusOr<bool> more = Produce(part_);
      if (!more.ok()) return End(more.status());
      if (!*more) return End(absl::OkStatus());
    }
    if (const absl::Status room = ChargeHeld(); !room.ok()) return End(room);
    Waits(0);
    written_ = std::chrono::steady_clock::now();
    handover_.Pass();
    StartWrite(&part_);
  }

  absl::Status ChargeHeld() {
    const int64_t held = HeldBytes();
    const int64_t more = held - std::exchange(charged_held_, std::max(charged_held_, held));
    const bool begun = std::exchange(begun_, true);
    if (more <= 0) return absl::OkStatus();
    if (!begun) return environment_.replies.Charge(more, charge_);
    environment_.replies.ChargeBegun(more, charge_);
    return absl::OkStatus();
  }

  void End(const absl::Status& status) {
    const grpc::Status answer = record_.Finish(status);
    handover_.Pass();
    Finish(answer);
  }

  void GiveUp() final { context_->TryCancel(); }

  static constexpr std::chrono::milliseconds kQuick{100};

  Environment& environment_;
  ThreadPool& pool_;
  CallRecord record_;
  grpc::CallbackServerContext* const context_;
  MemoryCharge charge_;
  MemoryCharge large_;  // of the part under way, beyond what every stream is charged for
  std::chrono::steady_clock::time_point written_;
  bool quick_ = false;  // the client took the last part within kQuick
  int64_t charged_held_ = 0;
  bool begun_ = false;  // the first part is on its way
  grpc::ByteBuffer part_;
  Handover handover_;
  std::atomic<bool> cancelled_{false};
};

// Handler template 3: a call that takes a stream and answers once.
//
// Messages arrive as bytes and are parsed here: gRPC tells of one that does not parse as
// if the stream had ended.
// Subclasses take one message at a time on the disk's pool, where they may block; the
// next is read only then, which is the back-pressure. A call is refused with its first
// message, when the pool takes no more, and not later. What they hold is let go on the
// pool too, before the answer leaves. Deletes itself in OnDone, or on the pool then.
template <typename Request, typename Response>
class ClientStream : public grpc::ServerReadReactor<grpc::ByteBuffer> {
 public:
  using Handler = grpc::internal::CallbackClientStreamingHandler<grpc::ByteBuffer, Response>;

  ClientStream(Environment& environment, const char* method, Response* response)
      : environment_(environment), response_(response), record_(environment, method) {}

  // Reads the first message. Called once, after construction.
  void Start() {
    handover_.Pass();
    this->StartRead(&bytes_);
  }

  void OnReadDone(bool ok) final {
    handover_.Take();
    handover_.Pass();
    ThreadPool& pool = environment_.pools.disk;
    const auto step = [this, ok] { Step(ok); };
    const bool accepted = begun_ ? pool.Resubmit(step) : pool.TrySubmit(step);
    if (!accepted) Answer(Overloaded());
  }
  void OnCancel() final {
    handover_.Take();
    cancelled_ = true;
    handover_.Pass();
  }
  void OnDone() final {
    handover_.Take();
    // A call that was refused has begun nothing; what else was not released may take long.
    if (released_ || !begun_ || !environment_.pools.disk.Resubmit([this] { delete this; })) {
      delete this;
    }
  }

 protected:
  // Takes one message. True to go on, false if the answer is complete already.
  virtual absl::StatusOr<bool> Take(const Request& request) = 0;

  // The client sent everything: complete the answer.
  virtual absl::Status Complete() = 0;

  // Lets go of what the subclass holds, where that may block. The last that is called, on the
  // pool; not called when the pool refused the call or stops: then the destructor does it.
  virtual void Release() = 0;

  Environment& environment() { return environment_; }
  Response& response() { return *response_; }

 private:
  void Step(bool ok) {
    handover_.Take();
    begun_ = true;
    if (cancelled_) return End(CallEnded());
    if (!ok) return End(Complete());
    {
      if (const auto parsed = ParseRequest(bytes_, request_); !parsed.ok()) return End(parsed);
      bytes_.Clear();
      absl::StatusOr<bool> more = Take(request_);
      if (!more.ok() || !*more) return End(more.status());
    }
    handover_.Pass();
    this->StartRead(&bytes_);
  }

  void End(const absl::Status& status) {
    Release();
    released_ = true;
    Answer(status);
  }

  void Answer(const absl::Status& status) {
    const grpc::Status answer = record_.Finish(status);
    handover_.Pass();
    this->Finish(answer);
  }

  Environment& environment_;
  Response* const response_;
  CallRecord record_;
  grpc::ByteBuffer bytes_;
  Request request_;
  Handover handover_;
  std::atomic<bool> cancelled_{false};
  bool begun_ = false;  // the pool took the first message
  bool released_ = false;
};

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_STREAMS_H_
