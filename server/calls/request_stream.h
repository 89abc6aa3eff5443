#ifndef CAIRN_SERVER_CALLS_REQUEST_STREAM_H_
#define CAIRN_SERVER_CALLS_REQUEST_STREAM_H_

#include <atomic>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "lib/base/thread_pool.h"
#include "server/calls/call_record.h"
#include "server/calls/environment.h"
#include "server/service/method.h"

namespace cairn::calls {

// The part of a call that takes a stream of requests and answers once which is the same for every
// transport. Base of the transports' calls, which read the messages and send the answer.
//
// The method's MessageSink takes one message at a time on the pool of the method's effort, where it
// may block; the next is read only then, which is the back-pressure. Each message is parsed and
// allowed there as well. A call is refused with its first message, when the pool takes no more, and
// not later. What the sink holds is let go on the pool too, before the answer leaves.
//
// Between Serve and Answer one of both sides acts: this, until it calls Read, and the transport,
// until it calls Received. Only Cancelled may come beside that. The transport never calls back from
// within Read or Answer; it keeps the call alive until Answer.
class RequestStream {
 public:
  // Both outlive the call. The record has begun; this ends it.
  RequestStream(Environment& environment, const service::Method& method, service::Caller caller,
                CallRecord record);
  virtual ~RequestStream() = default;
  RequestStream(const RequestStream&) = delete;
  RequestStream& operator=(const RequestStream&) = delete;

 protected:
  // Serves the call, for a method with a SinkFunction. Once, and first.
  void Serve() { Read(); }

  // After Read: true when a message came, which Parse reads, false when there is none any more.
  // Quick; from any thread.
  void Received(bool message);

  // Nobody waits for the answer any more; a read that is under way still ends with Received. Quick;
  // any thread, any number of times.
  void Cancelled() { cancelled_ = true; }

  Environment& environment_;
  const service::Method& method_;
  const service::Caller caller_;

 private:
  // Begins to receive the next message; Received follows, later.
  virtual void Read() = 0;
  // Reads the message that was received last into `request`, and lets go of it; on the pool.
  // Unparsed, or what the transport says.
  virtual absl::Status Parse(google::protobuf::Message& request) = 0;
  // Sends the answer, or why there is none. Once; nothing is done with this object after it.
  virtual void Answer(absl::StatusOr<std::unique_ptr<google::protobuf::Message>> answer) = 0;

  // One message, on the pool.
  void Step(bool message);
  void CountAndAnswer(absl::StatusOr<std::unique_ptr<google::protobuf::Message>> answer);

  ThreadPool& pool_;
  CallRecord record_;
  std::unique_ptr<service::MessageSink> sink_;
  const std::unique_ptr<google::protobuf::Message> request_;
  std::atomic<bool> cancelled_{false};
  bool begun_ = false;  // the pool took the first message
};

}  // namespace cairn::calls

#endif  // CAIRN_SERVER_CALLS_REQUEST_STREAM_H_
