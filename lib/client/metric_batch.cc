#include "lib/client/metric_batch.h"

#include <utility>

namespace cairn::client {
namespace {

// The most that a point can need: a step and a time as varints, and a double.
constexpr size_t kPointBytes = 10 + 10 + 8;
// Tags and lengths of a metric: its own, its key's and those of three packed columns.
constexpr size_t kColumnsBytes = 5 * (1 + 5);

static_assert(kMaxBatchPoints * kPointBytes + kMaxBatchMetrics * (250 + kColumnsBytes) <
                  kMaxBatchBytes,
              "a batch of valid names is limited by its points and metrics only");

}  // namespace

bool MetricBatch::HasRoomFor(std::string_view key) const {
  if (points_ == 0) return true;
  if (points_ >= kMaxBatchPoints || bytes_ + kPointBytes > kMaxBatchBytes) return false;
  if (column_of_.find(key) != column_of_.end()) return true;
  return metrics_.size() < kMaxBatchMetrics &&
         bytes_ + kPointBytes + kColumnsBytes + key.size() <= kMaxBatchBytes;
}

void MetricBatch::Add(std::string_view key, int64_t step, double value, int64_t time_unix_millis) {
  auto known = column_of_.find(key);
  if (known == column_of_.end()) {
    known = column_of_.emplace(key, metrics_.size()).first;
    metrics_.Add()->set_key(std::string(key));
    bytes_ += kColumnsBytes + key.size();
  }
  v1::MetricColumns& columns = metrics_[known->second];
  columns.add_steps(step);
  columns.add_times_unix_millis(time_unix_millis);
  columns.add_values(value);
  ++points_;
  bytes_ += kPointBytes;
}

google::protobuf::RepeatedPtrField<v1::MetricColumns> MetricBatch::Take() {
  google::protobuf::RepeatedPtrField<v1::MetricColumns> taken;
  taken.Swap(&metrics_);
  column_of_.clear();
  points_ = 0;
  bytes_ = 0;
  return taken;
}

}  // namespace cairn::client
