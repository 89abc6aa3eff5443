#ifndef CAIRN_LIB_CLIENT_RECONNECTING_STREAM_H_
#define CAIRN_LIB_CLIENT_RECONNECTING_STREAM_H_

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/errors.h"
#include "lib/base/retry.h"
#include "lib/client/message_stream.h"

namespace cairn::client {

// How patient to be with a stream. Value type.
struct StreamPatience {
  // How long the server may be silent: it is asked to say something that often, and a connection
  // that was silent for twice as long is dead. From 100 to 3,600,000.
  int64_t heartbeat_millis = 10'000;
  // How long to wait before each new attempt; `max_attempts` does not count, there is no last one.
  BackoffPolicy backoff{.max_attempts = 0, .initial_millis = 100, .max_millis = 10'000};
  // Told why a stream broke and how long it is waited before the next; may be empty.
  std::function<void(const absl::Status& cause, int64_t wait_millis)> on_broken;
};

// Whether an error will be the same however often a stream is begun anew: the caller is not known
// or may not, or the request is wrong. Pure.
bool EndsForGood(const absl::Status& status);

// The messages of a stream that is begun anew whenever it breaks. Which messages were told before
// is for its owner to know, who makes each new request. Not thread-safe.
template <typename Response>
class ReconnectingStream {
 public:
  using Open = std::function<std::unique_ptr<MessageStream<Response>>()>;

  // `open` begins a stream, from where the last one got to. `source` must outlive the object.
  ReconnectingStream(WatchSource& source, StreamPatience patience, Open open)
      : source_(source), patience_(std::move(patience)), open_(std::move(open)) {}

  // The next message; nothing if none came for `at_most`.
  //
  // - CANCELLED (CALL_ENDED): everything was cancelled.
  // - what EndsForGood holds for. Everything else begins a new stream.
  absl::StatusOr<std::optional<Response>> Next(std::chrono::milliseconds at_most) {
    const int64_t end = source_.NowMillis() + at_most.count();
    while (true) {
      if (stream_ == nullptr) {
        const int64_t wait = std::max<int64_t>(begin_millis_ - source_.NowMillis(), 0);
        const int64_t left = std::max<int64_t>(end - source_.NowMillis(), 0);
        if (!source_.Pause(std::min(wait, left))) return Cancelled();
        if (wait > left) return std::optional<Response>();
        stream_ = open_();
        heard_millis_ = source_.NowMillis();
      }
      const int64_t dead = heard_millis_ + 2 * patience_.heartbeat_millis;
      const int64_t wait = std::max<int64_t>(std::min(end, dead) - source_.NowMillis(), 0);
      Response message;
      switch (stream_->Read(&message, std::chrono::milliseconds(wait))) {
        case Arrival::kMessage:
          heard_millis_ = source_.NowMillis();
          failures_ = 0;
          return std::optional<Response>(std::move(message));
        case Arrival::kNothing:
          if (source_.NowMillis() >= dead) {
            Broken(Silent());
          } else if (source_.NowMillis() >= end) {
            return std::optional<Response>();
          }
          break;
        case Arrival::kEnded:
          const absl::Status status = stream_->Status();
          if (EndsForGood(status)) return status;
          if (!source_.Pause(0)) return Cancelled();
          Broken(status);
          break;
      }
    }
  }

  // Begins a new stream with the next call.
  void Restart() { stream_.reset(); }

 private:
  static absl::Status Cancelled() {
    return Error(absl::StatusCode::kCancelled, ErrorReason::CALL_ENDED, "the watch was cancelled");
  }

  static absl::Status Silent() {
    return Error(absl::StatusCode::kUnavailable, ErrorReason::SERVER_UNREACHABLE,
                 "the server was silent for two heartbeats");
  }

  void Broken(const absl::Status& cause) {
    stream_.reset();
    const int64_t wait = patience_.backoff.WaitMillis(std::min(++failures_, 30),  //
                                                      source_.RandomBits());
    begin_millis_ = source_.NowMillis() + wait;
    if (patience_.on_broken) patience_.on_broken(cause, wait);
  }

  WatchSource& source_;
  const StreamPatience patience_;
  const Open open_;
  std::unique_ptr<MessageStream<Response>> stream_;
  int64_t begin_millis_ = 0;  // when the next stream may begin
  int64_t heard_millis_ = 0;  // when the server last said something
  int failures_ = 0;          // streams in a row that said nothing
};

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_RECONNECTING_STREAM_H_
