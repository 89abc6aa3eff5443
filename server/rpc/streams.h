#ifndef CAIRN_SERVER_RPC_STREAMS_H_
#define CAIRN_SERVER_RPC_STREAMS_H_

#include <atomic>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/support/server_callback.h"
#include "lib/base/errors.h"
#include "server/rpc/call.h"

namespace cairn::rpc {

// CANCELLED (CALL_ENDED): the client went away.
inline absl::Status CallEnded() {
  return Error(absl::StatusCode::kCancelled, ErrorReason::CALL_ENDED, "the client ended the call");
}

// Handler template 2: a call that answers with a stream.
//
// Subclasses produce one message at a time on the pool, where they may block;
// one write is under way at a time, so a slow client holds one message. Deletes
// itself in OnDone. Begin with Start().
template <typename Response>
class ServerStream : public grpc::ServerWriteReactor<Response> {
 public:
  ServerStream(Environment& environment, const char* method)
      : environment_(environment), record_(environment, method) {}

  // Produces the first message. Called once, after construction.
  void Start() { Schedule(); }

  void OnWriteDone(bool ok) final { ok ? Schedule() : End(CallEnded()); }
  void OnCancel() final { cancelled_ = true; }
  void OnDone() final { delete this; }

 protected:
  // Fills `response` with the next message: true if there is one, false at the
  // end. Called by one pool thread at a time.
  virtual absl::StatusOr<bool> Produce(Response& response) = 0;

  Environment& environment() { return environment_; }
  bool cancelled() const { return cancelled_; }

 private:
  void Schedule() {
    if (!environment_.pool.TrySubmit([this] { Step(); })) End(Overloaded());
  }

  void Step() {
    if (cancelled_) return End(CallEnded());
    absl::StatusOr<bool> more = Produce(response_);
    if (!more.ok()) return End(more.status());
    if (!*more) return End(absl::OkStatus());
    this->StartWrite(&response_);
  }

  void End(const absl::Status& status) { this->Finish(record_.Finish(status)); }

  Environment& environment_;
  CallRecord record_;
  Response response_;
  std::atomic<bool> cancelled_{false};
};

// Handler template 3: a call that takes a stream and answers once.
//
// Subclasses take one message at a time on the pool, where they may block; the
// next is read only then, which is the back-pressure. Deletes itself in OnDone.
template <typename Request, typename Response>
class ClientStream : public grpc::ServerReadReactor<Request> {
 public:
  ClientStream(Environment& environment, const char* method, Response* response)
      : environment_(environment), response_(response), record_(environment, method) {}

  // Reads the first message. Called once, after construction.
  void Start() { this->StartRead(&request_); }

  void OnReadDone(bool ok) final {
    const bool accepted = environment_.pool.TrySubmit([this, ok] { Step(ok); });
    if (!accepted) End(Overloaded());
  }
  void OnCancel() final { cancelled_ = true; }
  void OnDone() final { delete this; }

 protected:
  // Takes one message. True to go on, false if the answer is complete already.
  virtual absl::StatusOr<bool> Take(const Request& request) = 0;

  // The client sent everything: complete the answer.
  virtual absl::Status Complete() = 0;

  Environment& environment() { return environment_; }
  Response& response() { return *response_; }

 private:
  void Step(bool ok) {
    if (cancelled_) return End(CallEnded());
    if (!ok) return End(Complete());
    absl::StatusOr<bool> more = Take(request_);
    if (!more.ok() || !*more) return End(more.status());
    this->StartRead(&request_);
  }

  void End(const absl::Status& status) { this->Finish(record_.Finish(status)); }

  Environment& environment_;
  Response* const response_;
  CallRecord record_;
  Request request_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_STREAMS_H_
