#ifndef CAIRN_PIPELINE_SERVING_REQUEST_LOG_H_
#define CAIRN_PIPELINE_SERVING_REQUEST_LOG_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/base/mutex.h"
#include "pipeline/serving/request_rows.h"
#include "pipeline/serving/served_model.h"

namespace cairn::pipeline::serving {

// Which rows of the log are asked for: the newest `limit` of those that are all the rest.
struct LogQuery {
  size_t limit = std::numeric_limits<size_t>::max();
  int64_t since_unix_nanos = std::numeric_limits<int64_t>::min();  // at or after it
  std::optional<int32_t> segment = {};                             // predictions alone have one
  std::optional<int> status = {};                                  // of HTTP: 200 for predictions
};

// The last predictions with what they were made from, so that drift can be measured on what really
// comes, and the last requests that were refused. Rings in memory: nothing survives the process
// (request_log_file.h does).
//
// A prediction takes 8 bytes a column and 48 more, all of them allocated with the first one. The
// columns are those of one model: the first prediction by a later model with other columns begins
// the log anew, because a table has one header. Refusals have a ring of their own, so that a caller
// who sends nothing but nonsense pushes no prediction out. Safe to call from any thread.
class RequestLog {
 public:
  static constexpr size_t kMostRefusals = 1000;

  // Of `capacity` predictions; 0 keeps nothing.
  explicit RequestLog(size_t capacity) : capacity_(capacity) {}

  // Predictions of one request by one model, each with its row of raw features. All spans are of
  // the same number of rows; of more than the capacity the last are kept. `latency_nanos` is that
  // of the request, from when it was there to when it was scored.
  void Add(const ModelPtr& model, std::span<const double> rows, std::span<const int32_t> segments,
           std::span<const double> distances, int64_t unix_nanos, int64_t latency_nanos)
      CAIRN_EXCLUDES(mutex_);

  void AddRefusal(Refusal refusal) CAIRN_EXCLUDES(mutex_);

  // Predictions, oldest first, as the table that `predict --features` and drift read: a
  // header of CustomerID and the model's columns, then one row for each prediction. The id is the
  // number of the prediction, from 1 since the log began. Empty while there are none.
  std::string ToCsv(const LogQuery& query) const CAIRN_EXCLUDES(mutex_);

  // The same with everything else:
  //   {"columns": [...], "predictions": [{"number", "time", "model_version", "segment",
  //    "distance", "latency_seconds", "values": [...]}, ...]}
  std::string ToJson(const LogQuery& query) const CAIRN_EXCLUDES(mutex_);

  // Predictions and refusals, oldest first, a line each (request_rows.h).
  std::string ToJsonLines(const LogQuery& query) const CAIRN_EXCLUDES(mutex_);

  size_t capacity() const { return capacity_; }
  size_t size() const CAIRN_EXCLUDES(mutex_);

 private:
  struct Entry {
    int64_t unix_nanos = 0;
    int64_t latency_nanos = 0;
    double distance = 0;
    int32_t segment = 0;
    uint32_t version = 0;  // in versions_
  };
  // A part of the ring that is copied out, so that nobody waits while text is made.
  struct Copy {
    std::vector<std::string> columns;
    std::vector<std::string> versions;
    std::vector<int64_t> numbers;
    std::vector<Entry> entries;
    std::vector<double> values;

    std::span<const double> ValuesOf(size_t i) const {
      return std::span(values).subspan(i * columns.size(), columns.size());
    }
    PredictionRow RowOf(size_t i) const;
  };

  void BeginAnew(const ServedModel& model) CAIRN_REQUIRES(mutex_);
  uint32_t VersionOf(const ServedModel& model) CAIRN_REQUIRES(mutex_);
  Copy Newest(const LogQuery& query) const CAIRN_REQUIRES(mutex_);
  std::vector<Refusal> NewestRefusals(const LogQuery& query) const CAIRN_REQUIRES(mutex_);

  const size_t capacity_;
  mutable Mutex mutex_;
  std::vector<std::string> columns_ CAIRN_GUARDED_BY(mutex_);
  std::vector<std::string> versions_ CAIRN_GUARDED_BY(mutex_);
  std::vector<Entry> entries_ CAIRN_GUARDED_BY(mutex_);
  std::vector<double> values_ CAIRN_GUARDED_BY(mutex_);
  int64_t added_ CAIRN_GUARDED_BY(mutex_) = 0;  // since the log began
  ModelPtr last_ CAIRN_GUARDED_BY(mutex_);      // whose columns these are for sure
  uint32_t last_version_ CAIRN_GUARDED_BY(mutex_) = 0;
  std::deque<Refusal> refusals_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::pipeline::serving

#endif  // CAIRN_PIPELINE_SERVING_REQUEST_LOG_H_
