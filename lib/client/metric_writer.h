#ifndef CAIRN_LIB_CLIENT_METRIC_WRITER_H_
#define CAIRN_LIB_CLIENT_METRIC_WRITER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/client/transport.h"

namespace cairn::client {

// How a MetricWriter gathers and sends. The defaults suit a training loop.
struct MetricWriterOptions {
  std::string run;  // the run's resource name; required
  // A batch is sent when it has so many points, when its first point is so old, or when
  // the next point would give it more than the 1,000 metrics or the bytes of a message.
  int64_t batch_points = 1000;                    // 1 to 100,000
  std::chrono::milliseconds flush_interval{200};  // > 0
  // The most points that are not acknowledged yet. Log waits beyond it, so that a
  // loop that is faster than the server is slowed down instead of filling memory.
  int64_t max_waiting_points = 1'000'000;
  // How long the server may be away, without any acknowledgement, before logging
  // fails; it is tried again with growing waits all that time. With an offline log
  // nothing fails: only Flush and Finish stop waiting for the server.
  std::chrono::milliseconds patience{60'000};
  // A file that holds every batch until it is acknowledged; empty for none. What an
  // earlier process left in it is sent first. docs/metric-log-format.md has the format.
  std::string offline_log;
  // The log's acknowledged beginning is cut away when it has so many bytes and what
  // waits has fewer; > 0.
  int64_t offline_log_compact_bytes = int64_t{64} << 20;
};

// Logs metrics of one run from a hot loop: Log gathers points into columns and
// returns at once, a thread of its own sends them as batches.
//
//   CAIRN_ASSIGN_OR_RETURN(auto writer, MetricWriter::Start(transport, {.run = run.name()}));
//   for (int64_t step = 0; step < steps; ++step) {
//     CAIRN_RETURN_IF_ERROR(writer->Log("loss", step, Train()));
//   }
//   CAIRN_RETURN_IF_ERROR(writer->Finish());
//
// Every point is stored exactly once: the writer numbers its batches, keeps them
// until they are acknowledged as durable, and after a broken stream sends again
// what was not; the server recognises what it has. Points of one metric are stored
// in whatever order their steps have.
//
// With an offline log, batches are appended to a file before they are sent, and read from
// there: memory does not grow while the server is away, and Log does not wait for it.
// A batch in the file survives the death of the process, and after Flush or Finish a loss
// of power; points that are still being gathered, the last flush_interval at most, do not.
// Whoever opens the same log next, or ReplayMetricLog, sends what was not acknowledged,
// under the id and the numbers it had, so that it is stored once. An acknowledged log is
// removed by Finish.
//
// Safe to call from any thread. The transport must outlive it. Without an offline log,
// what is not acknowledged when the process dies is lost: call Finish.
class MetricWriter {
 public:
  // - INVALID_ARGUMENT (VALUE_INVALID): an option is out of its range.
  // - FAILED_PRECONDITION (STORE_LOCKED): another process or writer has the log open.
  // - DATA_LOSS (RECORD_CORRUPT): the log is damaged; metadata holds the offset. A torn end
  //   is cut off and no error.
  // - INVALID_ARGUMENT (DATA_MALFORMED), FAILED_PRECONDITION (STORE_NEWER): the file is no
  //   such log, or one of a later format; and errors of the file system.
  static absl::StatusOr<std::unique_ptr<MetricWriter>> Start(Transport& transport,
                                                             MetricWriterOptions options);

  // Gives up what Finish did not send; an offline log keeps it.
  ~MetricWriter();
  MetricWriter(const MetricWriter&) = delete;
  MetricWriter& operator=(const MetricWriter&) = delete;

  // Logs one point; `time_unix_millis` is when it was observed, by default now.
  // Waits while max_waiting_points are on their way, unless there is a log. Fails with what the
  // server refused an earlier batch with (the run is not there, a key is too long), or with
  // UNAVAILABLE (SERVER_UNREACHABLE) beyond the patience, or because the log cannot be written; all
  // later calls then fail alike.
  absl::Status Log(std::string_view key, int64_t step, double value, int64_t time_unix_millis);
  absl::Status Log(std::string_view key, int64_t step, double value);

  // Sends what was gathered and waits until all of it is durable. With an offline log
  // that is also so when the server is away for longer than the patience: waiting_points
  // tells what is in the log only. Errors as of Log.
  absl::Status Flush();

  // Flush, and no more logging: Log then fails with FAILED_PRECONDITION.
  absl::Status Finish();

  // Points that the server has, and points that are gathered, in the log or on their way,
  // those of earlier processes included.
  int64_t acknowledged_points() const;
  int64_t waiting_points() const;

  // Bytes of a record that a crash tore at the end of the offline log of an earlier process: it was
  // left out, and nobody has its points.
  int64_t cut_bytes() const { return cut_bytes_; }

  class Impl;  // of this library

 private:
  MetricWriter(std::unique_ptr<Impl> impl, int64_t cut_bytes);

  std::unique_ptr<Impl> impl_;
  const int64_t cut_bytes_;
};

// How ReplayMetricLog sends.
struct ReplayOptions {
  // How long the server may be away, without any acknowledgement.
  std::chrono::milliseconds patience{60'000};
  // Told after each acknowledgement, from another thread; may be empty.
  std::function<void(int64_t acknowledged_points, int64_t waiting_points)> on_progress;
};

// What was in a log.
struct ReplayedLog {
  int64_t batches = 0;    // that were not acknowledged, and are now
  int64_t points = 0;     // in them
  int64_t cut_bytes = 0;  // of a record that was torn at the end
};

// Sends again what was not acknowledged of the offline log at `path`, exactly once, and
// removes the log. Of a damaged log what stands before the damage is sent, the log stays, and
// the error, DATA_LOSS (RECORD_CORRUPT), says how much that was. After an error it can be
// called again. Errors are those of Start and Log; NOT_FOUND (FILE_ERROR) without such a file;
// UNAVAILABLE beyond the patience.
absl::StatusOr<ReplayedLog> ReplayMetricLog(Transport& transport, const std::string& path,
                                            const ReplayOptions& options = {});

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_METRIC_WRITER_H_
