#ifndef CAIRN_SERVER_RPC_LOG_METRICS_STREAM_H_
#define CAIRN_SERVER_RPC_LOG_METRICS_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "cairn/v1/tracking.pb.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "grpcpp/support/server_callback.h"
#include "lib/base/mutex.h"
#include "server/core/limits.h"
#include "server/rpc/call.h"
#include "server/rpc/handover.h"

namespace cairn::rpc {

// A call of LogMetrics: reads batches, commits them behind each other without
// waiting, and acknowledges what is durable.
//
// While one group of batches is synced the next is read, so that throughput does
// not depend on the disk's latency. At most kMaxBatchesUnderWay batches or
// kMaxBytesUnderWay bytes of a stream are under way; reading goes on when there is
// room, and not while too much waits to be folded. One acknowledgement is written
// at a time and names the newest number by then.
//
// The committer keeps the order in which batches are handed to it, and so do its
// callbacks; exactly-once is decided there (tracking/run_logging.h). Whoever waits for
// room when the call fails, is cancelled, is over its deadline or is ended by a stop of the
// server waits no more and leaves nothing behind: room may never come. Deletes itself in OnDone,
// which comes when nothing is under way any more.
class LogMetricsStream final
    : public grpc::ServerBidiReactor<grpc::ByteBuffer, cairn::v1::LogMetricsResponse> {
 public:
  using Handler =
      grpc::internal::CallbackBidiHandler<grpc::ByteBuffer, cairn::v1::LogMetricsResponse>;
  static constexpr int kMaxBatchesUnderWay = limits::kStreamBatches;
  static constexpr size_t kMaxBytesUnderWay = limits::kStreamBytes;

  // Begins to read. Both outlive the call.
  static LogMetricsStream* Begin(Environment& environment, const service::Method& method,
                                 grpc::CallbackServerContext* context) {
    auto* stream = std::make_unique<LogMetricsStream>(environment, method, context).release();
    stream->handover_.Pass();
    stream->StartRead(&stream->bytes_);
    return stream;
  }

  LogMetricsStream(Environment& environment, const service::Method& method,
                   grpc::CallbackServerContext* context)
      : environment_(environment),
        method_(method),
        caller_(CallerOf(environment, context)),
        record_(environment, method.path.c_str()) {}

  void OnReadDone(bool ok) override CAIRN_EXCLUDES(mutex_);
  void OnWriteDone(bool ok) override CAIRN_EXCLUDES(mutex_);
  void OnCancel() override CAIRN_EXCLUDES(mutex_);
  void OnDone() override CAIRN_EXCLUDES(mutex_);

 private:
  // A batch that was handed to the committer, and what to tell the folder of it.
  struct Batch {
    int64_t number = 0;
    int64_t points = 0;
    size_t bytes = 0;
    std::string run_id;
    struct Metric {
      std::string key;
      int64_t bytes = 0;
      int64_t first_step = 0;
    };
    std::vector<Metric> metrics;  // none of a bundle
    int64_t bundle_bytes = 0;     // 0 if it is none
  };

  absl::Status Parse();
  absl::Status CheckOrder();
  std::shared_ptr<const Batch> DescribeBatch() const;
  void Submit() CAIRN_EXCLUDES(mutex_);
  void OnStored(const Batch& batch, const absl::Status& status) CAIRN_EXCLUDES(mutex_);
  void WaitForRoom() CAIRN_EXCLUDES(mutex_);
  void EndWait() CAIRN_REQUIRES(mutex_);

  // Starts what may be started now; answers with the status to finish with if the
  // call is over. That caller finishes, as the last thing it does with this object
  // and without the lock. OnDone may then delete it at any moment, so that the other
  // callers too do not touch it, not even by a call, once they let go of the lock.
  std::optional<absl::Status> Advance() CAIRN_REQUIRES(mutex_);
  void FinishWith(const absl::Status& status);

  Environment& environment_;
  const service::Method& method_;
  const service::Caller caller_;
  CallRecord record_;
  Handover handover_;  // of what the lock does not order

  // Of the read that is under way or being handled.
  grpc::ByteBuffer bytes_;
  cairn::v1::LogMetricsRequest request_;
  std::string run_;
  std::string writer_id_;
  bool any_batch_ = false;
  int64_t last_number_ = 0;
  std::map<std::string, int64_t> last_number_of_run_;

  Mutex mutex_;
  bool reading_ CAIRN_GUARDED_BY(mutex_) = true;    // a read is under way
  bool handling_ CAIRN_GUARDED_BY(mutex_) = false;  // what was read is being submitted
  bool writing_ CAIRN_GUARDED_BY(mutex_) = false;
  bool read_all_ CAIRN_GUARDED_BY(mutex_) = false;
  bool finished_ CAIRN_GUARDED_BY(mutex_) = false;
  // The folder's callback is still to come, and the stream lives until it did or was withdrawn
  // with the ticket, which is known once the folder has given it: 0 before.
  bool waits_for_room_ CAIRN_GUARDED_BY(mutex_) = false;
  uint64_t room_ticket_ CAIRN_GUARDED_BY(mutex_) = 0;
  bool gap_ CAIRN_GUARDED_BY(mutex_) = false;  // a batch was not stored
  bool to_acknowledge_ CAIRN_GUARDED_BY(mutex_) = false;
  int under_way_ CAIRN_GUARDED_BY(mutex_) = 0;  // batches, and a wait for room
  size_t bytes_under_way_ CAIRN_GUARDED_BY(mutex_) = 0;
  absl::Status failure_ CAIRN_GUARDED_BY(mutex_);                  // the first
  cairn::v1::LogMetricsResponse stored_ CAIRN_GUARDED_BY(mutex_);  // up to now
  cairn::v1::LogMetricsResponse response_;                         // being written
};

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_LOG_METRICS_STREAM_H_
