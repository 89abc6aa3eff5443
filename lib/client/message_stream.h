#ifndef CAIRN_LIB_CLIENT_MESSAGE_STREAM_H_
#define CAIRN_LIB_CLIENT_MESSAGE_STREAM_H_

#include <chrono>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "cairn/v1/watch.pb.h"

namespace cairn::client {

// What waiting for a message came to.
enum class Arrival {
  kMessage,  // there is one
  kNothing,  // there was none in the time given
  kEnded,    // there will be none any more
};

// The messages of one call that the server answers with a stream. Used by one thread; whoever
// destroys it ends the call.
template <typename Response>
class MessageStream {
 public:
  virtual ~MessageStream() = default;

  // Waits for the next message, for `at_most`. One message is read ahead and no more, so that a
  // reader that is slow slows the server and not the memory.
  virtual Arrival Read(Response* message, std::chrono::milliseconds at_most) = 0;

  // Why the stream ended, with the reasons of the protos; OK when the server had no more to say.
  // REQUIRES: Read returned kEnded.
  virtual absl::Status Status() const = 0;
};

// What a watch needs of the world: streams, time and chance. Tests have one of their own, so that
// they never wait.
class WatchSource {
 public:
  virtual ~WatchSource() = default;

  // Begins a call. Does not wait: what is wrong with it is told by the stream.
  virtual std::unique_ptr<MessageStream<v1::WatchResponse>> Watch(
      const v1::WatchRequest& request) = 0;
  virtual std::unique_ptr<MessageStream<v1::WatchChannelsResponse>> WatchChannels(
      const v1::WatchChannelsRequest& request) = 0;

  // A time that only goes forward, in milliseconds from some beginning.
  virtual int64_t NowMillis() const = 0;
  // Waits; false at once when everything is cancelled.
  virtual bool Pause(int64_t millis) = 0;
  virtual uint64_t RandomBits() = 0;
};

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_MESSAGE_STREAM_H_
