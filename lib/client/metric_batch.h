#ifndef CAIRN_LIB_CLIENT_METRIC_BATCH_H_
#define CAIRN_LIB_CLIENT_METRIC_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "cairn/v1/tracking.pb.h"

namespace cairn::client {

// What the server takes in one message of LogMetrics or LogBatch at most.
inline constexpr int kMaxBatchMetrics = 1000;
inline constexpr int64_t kMaxBatchPoints = 100'000;
// Below the 4 MiB of a message, so that what else is in it fits too.
inline constexpr size_t kMaxBatchBytes = (size_t{4} << 20) - (size_t{512} << 10);

// Points of one run that are gathered into the columns of one message.
//
// Not thread-safe. A message within the limits above is never refused for its size.
class MetricBatch {
 public:
  // Whether a point of the metric `key` goes into the message too. An empty one has
  // room for whatever comes, so that a point that fits nowhere is refused by the server.
  bool HasRoomFor(std::string_view key) const;

  // REQUIRES: HasRoomFor(key).
  void Add(std::string_view key, int64_t step, double value, int64_t time_unix_millis);

  int64_t points() const { return points_; }

  // The columns; nothing is gathered afterwards.
  google::protobuf::RepeatedPtrField<v1::MetricColumns> Take();

 private:
  google::protobuf::RepeatedPtrField<v1::MetricColumns> metrics_;
  std::map<std::string, int, std::less<>> column_of_;
  int64_t points_ = 0;
  size_t bytes_ = 0;  // at most so many when they are written
};

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_METRIC_BATCH_H_
