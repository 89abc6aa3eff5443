#ifndef CAIRN_PIPELINE_SERVING_REQUEST_LOG_H_
#define CAIRN_PIPELINE_SERVING_REQUEST_LOG_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/base/mutex.h"
#include "pipeline/serving/served_model.h"

namespace cairn::pipeline::serving {

// The last predictions with what they were made from, so that drift can be measured on what really
// comes. A ring in memory: nothing of it survives the process.
//
// A prediction takes 8 bytes a column and 48 more, all of them allocated with the first one. The
// columns are those of one model: the first prediction by a model with other columns begins the
// log anew, because a table has one header. Safe to call from any thread.
class RequestLog {
 public:
  // Of `capacity` predictions; 0 keeps nothing.
  explicit RequestLog(size_t capacity) : capacity_(capacity) {}

  // Predictions of one request by one model, each with its row of raw features. All spans are of
  // the same number of rows; of more than the capacity the last are kept. `latency_nanos` is that
  // of the request, from when it was there to when it was scored.
  void Add(const ModelPtr& model, std::span<const double> rows, std::span<const int32_t> segments,
           std::span<const double> distances, int64_t unix_nanos, int64_t latency_nanos)
      CAIRN_EXCLUDES(mutex_);

  // The newest `limit`, oldest first, as the table that `predict --features` and drift read: a
  // header of CustomerID and the model's columns, then one row for each prediction. The id is the
  // number of the prediction, from 1 since the log began. Empty while there are none.
  std::string ToCsv(size_t limit) const CAIRN_EXCLUDES(mutex_);

  // The same with everything else:
  //   {"columns": [...], "predictions": [{"number", "time", "model_version", "segment",
  //    "distance", "latency_seconds", "values": [...]}, ...]}
  std::string ToJson(size_t limit) const CAIRN_EXCLUDES(mutex_);

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
    std::vector<Entry> entries;
    std::vector<double> values;
    int64_t first = 0;  // number of the first
  };

  void BeginAnew(const ServedModel& model) CAIRN_REQUIRES(mutex_);
  uint32_t VersionOf(const ServedModel& model) CAIRN_REQUIRES(mutex_);
  Copy Newest(size_t limit) const CAIRN_EXCLUDES(mutex_);

  const size_t capacity_;
  mutable Mutex mutex_;
  std::vector<std::string> columns_ CAIRN_GUARDED_BY(mutex_);
  std::vector<std::string> versions_ CAIRN_GUARDED_BY(mutex_);
  std::vector<Entry> entries_ CAIRN_GUARDED_BY(mutex_);
  std::vector<double> values_ CAIRN_GUARDED_BY(mutex_);
  int64_t added_ CAIRN_GUARDED_BY(mutex_) = 0;  // since the log began
  ModelPtr last_ CAIRN_GUARDED_BY(mutex_);      // whose columns these are for sure
  uint32_t last_version_ CAIRN_GUARDED_BY(mutex_) = 0;
};

}  // namespace cairn::pipeline::serving

#endif  // CAIRN_PIPELINE_SERVING_REQUEST_LOG_H_
