#ifndef CAIRN_SERVER_SERVICE_STREAM_H_
#define CAIRN_SERVER_SERVICE_STREAM_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "server/service/caller.h"

namespace cairn::service {

// What methods that stream are made of: a source of what is answered, or a sink of what is sent.
// Each call has one of its own. The flow of the call (server/calls) owns it, asks it from the pool
// that the method's rule names, and lets go of it when the call is over, however that came.

// The most that one part of a stream holds...
inline constexpr int64_t kPartBytes = int64_t{64} << 10;
// ...and of a stream whose client takes quickly, while there is much room.
inline constexpr int64_t kLargePartBytes = int64_t{256} << 10;

// What a source has to say.
enum class Part {
  kFilled,  // the next message
  kEnd,     // there is none any more
  kLater,   // nothing now: see PartSource::WhenReady
};

// A stream of answers, one part after the other. Used by one thread at a time, where it may block;
// its destructor may be called while it waits.
class PartSource {
 public:
  virtual ~PartSource() = default;

  // Fills `part` with the bytes of the next message. It has at most kPartBytes; who has more asks
  // `room` once and may fill as much as that says. A message that cannot be divided may be larger:
  // what it has beyond kPartBytes is held (HeldBytes) until the next one. An error ends the stream
  // after what was sent: the client has those parts and learns why there are no more. Not again
  // after one or the end.
  virtual absl::StatusOr<Part> Next(const std::function<int64_t()>& room, std::string& part) = 0;

  // To be called after Next said kLater, and before it is asked again: calls `ready` once, from any
  // thread, when it is worth asking. No thread is held meanwhile. A source that never says kLater
  // has no need of it.
  virtual void WhenReady(std::function<void()> /*ready*/) {}

  // What this holds between two parts, in bytes: it counts against what all answers may hold
  // (calls::Replies), but not while the source waits for news.
  virtual int64_t HeldBytes() const { return 0; }
};

// Opens one for a call, on the pool, when its turn came and it was allowed. An error refuses the
// call before anything was sent. `request` outlives the source.
using OpenFunction = std::function<absl::StatusOr<std::unique_ptr<PartSource>>(
    const Caller&, const google::protobuf::Message& request)>;

// What takes a stream of messages and answers once. Used by one thread at a time, where it may
// block; its destructor may block too.
class MessageSink {
 public:
  virtual ~MessageSink() = default;

  // Takes one message; true to go on, false if the answer is complete already. The message is the
  // flow's and used until this returns. An error is the call's answer, and no more is read.
  virtual absl::StatusOr<bool> Take(const google::protobuf::Message& request) = 0;

  // The answer, once Take said that it is complete or the client has sent everything. Once. Not
  // called for a client that left in between: what it sent is the destructor's to keep or drop.
  virtual absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Complete() = 0;
};

// Makes one for a call, before its first message is read.
using SinkFunction = std::function<std::unique_ptr<MessageSink>(const Caller&)>;

}  // namespace cairn::service

#endif  // CAIRN_SERVER_SERVICE_STREAM_H_
