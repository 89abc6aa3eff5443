#ifndef CAIRN_SERVER_CALLS_METRIC_STREAM_H_
#define CAIRN_SERVER_CALLS_METRIC_STREAM_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "cairn/v1/tracking.pb.h"
#include "google/protobuf/message.h"
#include "lib/base/mutex.h"
#include "server/calls/call_record.h"
#include "server/calls/environment.h"
#include "server/calls/metric_stream_state.h"
#include "server/service/method.h"

namespace cairn::calls {

// The part of a call of LogMetrics that is the same for every transport: batches are committed
// behind each other without waiting, and what is durable is acknowledged. Base of the transports'
// calls, which read the messages and write the acknowledgements.
//
// While one group of batches is synced the next is read, so that throughput does not depend on the
// disk's latency. What is read, written and waited for is decided by MetricStreamState: a bounded
// number of batches is under way, and none is read while too much waits to be folded. One
// acknowledgement is written at a time and names the newest number by then.
//
// The committer keeps the order in which batches are handed to it, and so do its callbacks;
// exactly-once is decided there (tracking/run_logging.h). Whoever waits for room when the call
// fails or is cancelled, by its client, its deadline or a stop of the server, waits no more and
// leaves nothing behind: room may never come.
//
// One read and one write may be under way at a time. The transport never calls back from within
// Read, Write or End, which may be called with a lock held; it keeps the call alive until End, and
// deletes it after Over. Where both directions do not go at once, as over HTTP/1.1, Read may
// bring all messages before the first Write ends.
class MetricStream {
 public:
  // Both outlive the call. The record has begun; this ends it. REQUIRES: the method's row holds
  // service::PointStream.
  MetricStream(Environment& environment, const service::Method& method, service::Caller caller,
               CallRecord record);
  virtual ~MetricStream() = default;
  MetricStream(const MetricStream&) = delete;
  MetricStream& operator=(const MetricStream&) = delete;

 protected:
  // Begins to read. Once, and first.
  void Serve() CAIRN_EXCLUDES(mutex_);

  // After Read: true when a message came, which is parsed and handed on within; false when there is
  // none any more. Also allowed after End, when it does nothing.
  void Received(bool message) CAIRN_EXCLUDES(mutex_);

  // After Write: true when the acknowledgement was taken, false when the client is gone.
  void Written(bool taken) CAIRN_EXCLUDES(mutex_);

  // Nobody waits for acknowledgements any more. Any thread, any number of times, until Over.
  void Cancelled() CAIRN_EXCLUDES(mutex_);

  // Before the call is deleted.
  void Over() CAIRN_EXCLUDES(mutex_);

 private:
  // A batch that was handed to the committer, and what to tell of it.
  struct Batch;

  // Begins to receive the next message; Received follows, later.
  virtual void Read() = 0;
  // Reads the message that was received last into `request`, and lets go of it.
  virtual absl::Status Parse(google::protobuf::Message& request) = 0;
  // Sends an acknowledgement; Written follows, later.
  virtual void Write(const v1::LogMetricsResponse& acknowledged) = 0;
  // Sends how the call ended, after all acknowledgements. Once; nothing is done with this object
  // after it.
  virtual void End(const absl::Status& status) = 0;

  absl::Status Handle();
  absl::Status CheckOrder();
  std::shared_ptr<const Batch> DescribeBatch() const;
  void Submit() CAIRN_EXCLUDES(mutex_);
  void OnStored(const Batch& batch, const absl::Status& status) CAIRN_EXCLUDES(mutex_);
  void WaitForRoom() CAIRN_EXCLUDES(mutex_);

  // Takes in what happened, a function of the state, and does what is next. The call may be over
  // within, unless it was said that something is under way which is not over yet.
  template <typename Event>
  void On(const Event& event) CAIRN_EXCLUDES(mutex_);
  std::optional<absl::Status> Advance() CAIRN_REQUIRES(mutex_);

  Environment& environment_;
  const service::Method& method_;
  const service::PointStream& row_;
  const service::Caller caller_;
  CallRecord record_;

  // Of the message being handled, and of those before: used by one Received at a time.
  v1::LogMetricsRequest request_;
  std::string run_;
  std::string writer_id_;
  std::optional<int64_t> last_number_;  // none before the first batch
  std::map<std::string, int64_t> last_number_of_run_;

  Mutex mutex_;
  MetricStreamState state_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::calls

#endif  // CAIRN_SERVER_CALLS_METRIC_STREAM_H_
