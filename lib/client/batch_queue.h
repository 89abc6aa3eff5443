#ifndef CAIRN_LIB_CLIENT_BATCH_QUEUE_H_
#define CAIRN_LIB_CLIENT_BATCH_QUEUE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"

namespace cairn::client {

// The batches of a metric writer from the moment they are sealed until they are
// acknowledged, in order. Internal to lib/client. Not thread-safe: its writer locks.
//
// One stream at a time takes batches with Next; Rewind begins with the oldest that is
// not acknowledged.
class BatchQueue {
 public:
  // What was acknowledged by one answer.
  struct Acknowledged {
    int64_t batches = 0;
    int64_t points = 0;
  };

  virtual ~BatchQueue() = default;

  // Numbers the batch and takes it. REQUIRES: only its metrics are set.
  virtual absl::Status Push(v1::LogMetricsRequest batch, int64_t points) = 0;

  // The next batch for this stream, whole. Null when all were taken, when too many are
  // on their way, or when the next one is of another writer and needs another stream.
  virtual absl::StatusOr<std::shared_ptr<const v1::LogMetricsRequest>> Next() = 0;

  // Forgets what the last stream took.
  virtual void Rewind() = 0;

  // Every batch up to this number of the stream's writer is durable.
  virtual Acknowledged Acknowledge(int64_t number) = 0;

  // True when Next would return a batch, now or for another stream.
  virtual bool HasUnsent() const = 0;
  // True when all are acknowledged.
  virtual bool IsEmpty() const = 0;
  // True when the next batch waits for another stream.
  virtual bool NeedsNewStream() const = 0;

  // Makes the batches survive what they can: the end of the machine for a log.
  virtual absl::Status Sync() = 0;
  // Leaves nothing behind. REQUIRES: IsEmpty().
  virtual absl::Status Remove() = 0;

  // True when the batches survive the process.
  virtual bool IsLog() const = 0;
};

// Batches in memory.
std::unique_ptr<BatchQueue> MakeMemoryQueue(const std::string& writer_id, const std::string& run);

// Batches in a log (metric_log_file.h), of which only those on their way cost memory, a
// few bytes each. What waits in it goes first, under its own writer's id; then come those
// of `writer_id`. With an empty `writer_id` only what waits in the log is sent, and the
// log must be there.
struct LogQueue {
  std::unique_ptr<BatchQueue> queue;
  int64_t waiting_batches = 0;
  int64_t waiting_points = 0;
  int64_t cut_bytes = 0;  // of a record that a crash tore
};
absl::StatusOr<LogQueue> OpenLogQueue(const std::string& path, const std::string& writer_id,
                                      const std::string& run, int64_t compact_bytes);

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_BATCH_QUEUE_H_
