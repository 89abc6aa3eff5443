#ifndef CAIRN_PIPELINE_SERVING_REQUEST_ROWS_H_
#define CAIRN_PIPELINE_SERVING_REQUEST_ROWS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::pipeline::serving {

// Rows of the request log as lines of JSON, in the file of --log-file as over GET /requests. Each
// says by itself what it is, so that a file can hold those of models with other columns. A
// prediction, and a request that was refused:
//
//   {"time":"2026-03-01T12:00:00Z","status":200,"model_version":"models/m/versions/7",
//    "segment":2,"distance":0.8125,"latency_seconds":0.00015,"inputs":{"Hour":9,…}}
//   {"time":…,"status":400,"model_version":…,"latency_seconds":…,
//    "reason":"VALUE_INVALID","message":"instances[3].Hour must be a finite number"}
//
// Every line begins with its time and ends with a line feed. Numbers are the shortest decimals that
// read back as the same double.

// Whether a text that begins with these bytes may be rows: they are what a row begins with, as far
// as they go. True of no bytes. More than kRowHeadBytes need not be given.
bool MayBeginRow(std::string_view begin);
inline constexpr size_t kRowHeadBytes = 96;

// One prediction. The views need to live only as long as the call they are given to.
struct PredictionRow {
  int64_t unix_nanos = 0;
  int64_t latency_nanos = 0;  // of the request: a row of a large one has that of all its rows
  std::string_view model_version;
  int32_t segment = 0;
  double distance = 0;             // at least 0
  std::span<const double> inputs;  // raw, as many as there are columns
};

// A request of which nothing was predicted.
struct Refusal {
  int64_t unix_nanos = 0;
  int64_t latency_nanos = 0;
  int status = 0;             // of HTTP, 400 or more
  std::string model_version;  // empty: there was none yet
  std::string reason;         // the name of an ErrorReason
  std::string message;        // of at most kMostMessageBytes and a mark

  // Callers choose what a message repeats of their requests.
  static constexpr size_t kMostMessageBytes = 400;
};

// Writes predictions of one list of columns. What the rows of one request have in common is made
// once. Not thread-safe.
class RowWriter {
 public:
  explicit RowWriter(const std::vector<std::string>& columns);

  // Appends a line. REQUIRES: row.inputs has a value for each column.
  void Append(const PredictionRow& row, std::string* out);

 private:
  std::vector<std::string> keys_;  // what stands before each value
  std::string head_;               // of the last row: to its segment
  std::string middle_;             // and between distance and inputs
  std::string model_version_;
  int64_t unix_nanos_ = -1;
  int64_t latency_nanos_ = -1;
};

// Appends a line.
void AppendRefusal(const Refusal& refusal, std::string* out);

}  // namespace cairn::pipeline::serving

#endif  // CAIRN_PIPELINE_SERVING_REQUEST_ROWS_H_
