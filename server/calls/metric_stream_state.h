#ifndef CAIRN_SERVER_CALLS_METRIC_STREAM_STATE_H_
#define CAIRN_SERVER_CALLS_METRIC_STREAM_STATE_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "cairn/v1/tracking.pb.h"
#include "server/core/limits.h"

namespace cairn::calls {

// What is under way in one stream of metric batches, and what may begin: the decisions of
// MetricStream (metric_stream.h), without threads, store or transport.
//
// Functions named after what happened take it in; TakeNext then says what to do about it, each
// thing once. The stream reads while there is room, writes one acknowledgement at a time, and is
// over when it has read all or failed, and nothing is under way any more. Not thread-safe.
class MetricStreamState {
 public:
  // With so many batches or bytes under way no more is read.
  static constexpr int kMaxBatches = limits::kStreamBatches;
  static constexpr size_t kMaxBytes = limits::kStreamBytes;

  // What is to be done now. `end` comes alone, once, and nothing comes after it.
  struct Next {
    bool read = false;
    std::optional<v1::LogMetricsResponse> acknowledge;
    std::optional<absl::Status> end;
  };
  Next TakeNext();

  // A read ended, with a message or because there is none any more. True if the message is to be
  // handled, which ends with Handled; false if nobody wants it.
  bool Received(bool message);
  void Handled(const absl::Status& status);

  // A batch was handed to the committer, and later: it was stored, or not and why. Batches are
  // stored in the order in which they began. What comes after one that was not is not acknowledged.
  void Began(size_t bytes);
  void Stored(int64_t number, int64_t points, size_t bytes, const absl::Status& status);

  // The acknowledgement was written, or the client is gone: CANCELLED.
  void Written(const absl::Status& status);

  // The stream ends with this error, unless it failed before.
  void Fail(const absl::Status& status) { failure_.Update(status); }

  // Nothing is read before room came to fold what was logged, and the stream is not over before
  // either. False if the stream failed, and does not wait. The ticket is known a little later.
  bool WaitForRoom();
  void SetRoomTicket(uint64_t ticket);
  void RoomCame() { room_.reset(); }

  // The ticket of a stream that waits for room and has failed: room may come late or never, so it
  // is to be given back, with RoomCame if that succeeds. Once.
  std::optional<uint64_t> TakeUselessTicket();

 private:
  // The message side. kReading ends with Received, kHandling with Handled.
  enum class Input { kIdle, kReading, kHandling, kEnded };
  static constexpr uint64_t kNoTicket = 0;

  // Nothing is under way and nothing more comes.
  bool over() const;
  bool may_read() const;

  Input input_ = Input::kIdle;
  std::optional<uint64_t> room_;  // set while it waits; kNoTicket: not known, or given back
  bool writing_ = false;
  bool unacknowledged_ = false;  // `stored_` is newer than what was written last
  bool gap_ = false;             // a batch was not stored
  bool ended_ = false;
  int batches_ = 0;  // under way
  size_t bytes_ = 0;
  absl::Status failure_;           // the first
  v1::LogMetricsResponse stored_;  // up to now
};

}  // namespace cairn::calls

#endif  // CAIRN_SERVER_CALLS_METRIC_STREAM_STATE_H_
