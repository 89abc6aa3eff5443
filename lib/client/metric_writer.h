#ifndef CAIRN_LIB_CLIENT_METRIC_WRITER_H_
#define CAIRN_LIB_CLIENT_METRIC_WRITER_H_

#include <chrono>
#include <cstdint>
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
  // A batch is sent when it has so many points, or when its first point is so old.
  int64_t batch_points = 1000;                    // 1 to 100,000
  std::chrono::milliseconds flush_interval{200};  // > 0
  // The most points that are not acknowledged yet. Log waits beyond it, so that a
  // loop that is faster than the server is slowed down instead of filling memory.
  int64_t max_waiting_points = 1'000'000;
  // How long the server may be away, without any acknowledgement, before logging
  // fails; it is tried again with growing waits all that time.
  std::chrono::milliseconds patience{60'000};
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
// Safe to call from any thread. The transport must outlive it. What is not
// acknowledged when the process dies is lost: call Finish.
class MetricWriter {
 public:
  // INVALID_ARGUMENT (VALUE_INVALID): an option is out of its range.
  static absl::StatusOr<std::unique_ptr<MetricWriter>> Start(Transport& transport,
                                                             MetricWriterOptions options);

  // Gives up what Finish did not send.
  ~MetricWriter();
  MetricWriter(const MetricWriter&) = delete;
  MetricWriter& operator=(const MetricWriter&) = delete;

  // Logs one point; `time_unix_millis` is when it was observed, by default now.
  // Waits while max_waiting_points are on their way. Fails with what the server
  // refused an earlier batch with (the run is not there, a key is too long), or
  // with UNAVAILABLE (SERVER_UNREACHABLE) beyond the patience; all later calls then
  // fail alike.
  absl::Status Log(std::string_view key, int64_t step, double value, int64_t time_unix_millis);
  absl::Status Log(std::string_view key, int64_t step, double value);

  // Sends what was gathered and waits until all of it is durable. Errors as of Log.
  absl::Status Flush();

  // Flush, and no more logging: Log then fails with FAILED_PRECONDITION.
  absl::Status Finish();

  // Points that are durable, and points that are gathered or on their way.
  int64_t acknowledged_points() const;
  int64_t waiting_points() const;

 private:
  class Impl;
  explicit MetricWriter(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_METRIC_WRITER_H_
