#ifndef CAIRN_SERVER_MLFLOW_INNER_STREAM_H_
#define CAIRN_SERVER_MLFLOW_INNER_STREAM_H_

#include <coroutine>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "server/calls/answer_stream.h"
#include "server/calls/call_record.h"
#include "server/calls/environment.h"
#include "server/service/caller.h"
#include "server/service/method.h"

namespace cairn::mlflow {

// One call of a method that answers with a stream, read to its end within the server; served as
// calls::AnswerStream says, so that it takes turns with others after every part. Awaited like
// InnerCall; the coroutine goes on, on the pool that made the last part, with how the stream ended.
class InnerStream final : private calls::AnswerStream {
 public:
  // Takes the bytes of one part, on the pool; an error ends the stream with it.
  using Take = std::function<absl::Status(const std::string& part)>;

  // All of them outlive the call; `request` is emptied.
  InnerStream(calls::Environment& environment, const service::Method& method,
              const service::Caller& caller, google::protobuf::Message& request, Take take)
      : AnswerStream(environment, method, caller,
                     calls::CallRecord(environment, method.path.c_str())),
        request_(request),
        take_(std::move(take)) {}
  ~InnerStream() override { Over(); }

  bool await_ready() const noexcept { return false; }
  // Not answered here, but where there is no room: then the coroutine is resumed within, once.
  void await_suspend(std::coroutine_handle<> awaiting) {
    awaiting_ = awaiting;
    Serve();
  }
  absl::Status await_resume() { return std::move(status_); }

 private:
  absl::Status Parse(google::protobuf::Message& request) override {
    request.GetReflection()->Swap(&request, &request_);
    return absl::OkStatus();
  }
  absl::Status Write(std::string part) override {
    if (absl::Status taken = take_(part); !taken.ok()) return taken;
    // Not from within, as the flow asks: behind what waits for the pool.
    const bool goes_on = environment_.pools.compute.Resubmit(
        [this, gone = !caller_.Ended().ok()] { Written(!gone); });
    return goes_on ? absl::OkStatus() : calls::CallEnded();
  }
  void End(const absl::Status& status) override {
    status_ = status;
    awaiting_.resume();
  }
  void Abort() override {}  // what is taken at once never stalls

  google::protobuf::Message& request_;
  Take take_;
  absl::Status status_;
  std::coroutine_handle<> awaiting_;
};

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_INNER_STREAM_H_
