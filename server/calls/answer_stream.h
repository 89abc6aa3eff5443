#ifndef CAIRN_SERVER_CALLS_ANSWER_STREAM_H_
#define CAIRN_SERVER_CALLS_ANSWER_STREAM_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "lib/base/memory_budget.h"
#include "lib/base/thread_pool.h"
#include "server/calls/call_record.h"
#include "server/calls/environment.h"
#include "server/calls/replies.h"
#include "server/service/method.h"

namespace cairn::calls {

// The part of a call that is answered with a stream which is the same for every transport: whose
// turn it is, what is charged, when it is refused, and how it ends. Base of the transports' calls,
// which bring the request's bytes and write the parts.
//
// The method's PartSource gives one part at a time on the pool of the method's effort, where it may
// block; one write is under way at a time, so a slow client holds one part. A call is charged for
// that and for what the source holds between parts. It is refused before its first part, when too
// much is held already or the pool takes no more, and not later: a client that got a part gets
// the others. While the source has nothing to say the call holds no thread and is charged for
// nothing but what the source holds. Large parts go to who took the last one quickly. Of a client
// that takes nothing for long the call is aborted.
//
// Between Serve and End one of both sides acts: this, until it calls Write, and the transport,
// until it calls Written. Only Cancelled and Abort may come beside that. The transport never calls
// back from within Write, End or Abort; it keeps the call alive until End, and deletes it after
// Over.
class AnswerStream : private ReplyWatch {
 public:
  // Both outlive the call. The record has begun; this ends it.
  AnswerStream(Environment& environment, const service::Method& method, service::Caller caller,
               CallRecord record);

 protected:
  // Answers the call, for a method with an OpenFunction. Once, and first.
  void Serve();

  // The part of the last Write was taken: true if the client wants the next one, false if it is
  // gone. Quick; from any thread.
  void Written(bool taken);

  // Nobody waits for the answer any more: the client is gone, or its deadline is over. Ends the
  // call soon, also while its source has nothing to say. Quick; any thread, any number of times,
  // until Over.
  void Cancelled();

  // Before the call is deleted. Returns when nobody aborts it at the moment.
  void Over() { Taken(); }

  // Charges what the transport holds of the part that Write brought beyond the part's own bytes,
  // until it is written. Within Write only.
  void ChargeMoreForPart(int64_t bytes) { environment_.replies.ChargeBegun(bytes, part_charge_); }

  Environment& environment_;
  const service::Method& method_;
  const service::Caller caller_;

 private:
  // Reads what was sent into `request`, and lets go of it. Unparsed, or what the transport says.
  virtual absl::Status Parse(google::protobuf::Message& request) = 0;
  // Sends the bytes of the next message, on the pool; Written follows, later. An error, when the
  // message cannot be written this way, ends the call with it, and Written does not follow.
  virtual absl::Status Write(std::string part) = 0;
  // Sends how the call ended, after all parts. Once; nothing is done with this object after it.
  virtual void End(const absl::Status& status) = 0;
  // Ends a call whose client takes nothing: Written(false), then. May come from any thread while a
  // part is being written.
  virtual void Abort() = 0;

  // Who goes on when the source has something to say.
  enum class Wait {
    kNone,    // nobody waits
    kBegins,  // the source is being asked to say so
    kWaits,   // who changes this goes on
    kWoken,   // it said so at once; who asked goes on
  };

  void GiveUp() override { Abort(); }
  void Step();
  void GoOn();
  void WaitForMore();
  void WakeUp();
  void CountAndEnd(const absl::Status& status);
  absl::Status Open();
  absl::StatusOr<service::Part> NextPart(std::string& part);
  int64_t PartBytes();
  absl::Status ChargeHeld();

  ThreadPool& pool_;
  CallRecord record_;
  std::unique_ptr<google::protobuf::Message> request_;
  std::unique_ptr<service::PartSource> source_;  // null before the first part
  MemoryCharge charge_;
  MemoryCharge part_charge_;  // of the part under way, beyond what every stream is charged for
  std::chrono::steady_clock::time_point written_;
  int64_t charged_held_ = 0;
  bool quick_ = false;  // the client took the last part quickly
  bool begun_ = false;  // the first part is on its way
  bool rests_ = false;  // it waited, and is charged for nothing since
  std::atomic<bool> cancelled_{false};
  std::atomic<Wait> wait_{Wait::kNone};
};

}  // namespace cairn::calls

#endif  // CAIRN_SERVER_CALLS_ANSWER_STREAM_H_
