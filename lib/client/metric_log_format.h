#ifndef CAIRN_LIB_CLIENT_METRIC_LOG_FORMAT_H_
#define CAIRN_LIB_CLIENT_METRIC_LOG_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"

namespace cairn::client {

// The bytes of an offline log of metric batches, format 1: a header, then records.
// docs/metric-log-format.md describes them with vectors. Internal to lib/client.

// Whose batches follow, and into which run. The run's name has at most 255 bytes.
struct MetricLogWriter {
  std::string writer_id;  // a UUID4
  std::string run;        // resource name

  friend bool operator==(const MetricLogWriter&, const MetricLogWriter&) = default;
};

// What a record holds at most; a longer one would not be read.
inline constexpr int64_t kMaxMetricLogPayloadBytes = int64_t{64} << 20;

// The beginning of a log whose first batches are of `writer`.
std::string EncodeMetricLogHeader(const MetricLogWriter& writer);

// The slot at the end of the header: every record that ends at or before the offset
// `end` is acknowledged. It is overwritten in place.
std::string EncodeMetricLogSlot(int64_t end);
int64_t MetricLogSlotOffset(const MetricLogWriter& writer);

// A record from which on batches are of another writer; their numbers begin anew.
std::string EncodeMetricLogWriterRecord(const MetricLogWriter& writer);

// A batch: its number, how many points it has, and its columns. REQUIRES: nothing but
// the metrics is set in `batch`; the writer's record says the rest.
std::string EncodeMetricLogBatch(int64_t number, int64_t points,
                                 const v1::LogMetricsRequest& batch);

// One whole record. Of the two kinds only the fields of its own are set.
struct MetricLogRecord {
  int64_t offset = 0;  // where it begins
  int64_t end = 0;     // and where the next one does
  bool is_batch = false;
  MetricLogWriter writer;
  int64_t number = 0;
  int64_t points = 0;
  std::string columns;  // a serialized LogMetricsRequest with metrics only
};

// What a log is read from: its size when reading began, and at most `size` bytes at
// `offset`, fewer only at the end.
struct MetricLogSource {
  int64_t size = 0;
  std::function<absl::StatusOr<std::string>(int64_t offset, size_t size)> read;
};

// Reads a log from its beginning, record by record.
//
// What a crash leaves at the end (a record of which a part is missing or was not
// written) ends the reading as if it were not there. A record that is damaged, the last one
// too, is an error: DATA_LOSS (RECORD_CORRUPT) with the offset in the message and the
// metadata. Memory is that of one record. Not thread-safe.
class MetricLogScanner {
 public:
  explicit MetricLogScanner(MetricLogSource source) : source_(std::move(source)) {}

  // Reads the header; false when the file ends within it, so that nothing is lost by
  // beginning anew. Comes before Next.
  // - INVALID_ARGUMENT (DATA_MALFORMED): the file is something else.
  // - FAILED_PRECONDITION (STORE_NEWER): written in a later format.
  absl::StatusOr<bool> ReadHeader();

  // Reads the next record; false at the end.
  absl::StatusOr<bool> Next(MetricLogRecord* record);

  // Of the header; `acknowledged` is its own end when the slot is not readable: then
  // everything is sent again, which the server recognises.
  const MetricLogWriter& writer() const { return writer_; }
  int64_t acknowledged() const { return acknowledged_; }

  // Where the last whole record (or the header) ends.
  int64_t offset() const { return offset_; }

 private:
  absl::StatusOr<bool> IsTorn(int64_t offset) const;
  absl::StatusOr<bool> IsFollowed(int64_t offset) const;
  absl::Status Damaged() const;

  const MetricLogSource source_;
  MetricLogWriter writer_;
  int64_t acknowledged_ = 0;
  int64_t offset_ = 0;
};

// Reads the one record at `offset`, where a scanner saw one. DATA_LOSS otherwise.
absl::StatusOr<MetricLogRecord> ReadMetricLogRecord(const MetricLogSource& source, int64_t offset);

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_METRIC_LOG_FORMAT_H_
