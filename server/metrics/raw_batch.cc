#include "server/metrics/raw_batch.h"

#include <algorithm>
#include <bit>

#include "cairn/internal/records.pb.h"
#include "lib/base/errors.h"

namespace cairn::metrics {
namespace {

using cairn::internal::MetricBatchRecord;
using Deltas = google::protobuf::RepeatedField<int64_t>;

int64_t Difference(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
int64_t Sum(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

void AddDeltas(std::span<const int64_t> column, Deltas& deltas) {
  deltas.Resize(static_cast<int>(column.size()), 0);
  int64_t* out = deltas.mutable_data();
  int64_t before = 0;
  for (const int64_t value : column) {
    *out++ = Difference(value, before);
    before = value;
  }
}

bool IsFloat(double value) {
  return std::bit_cast<uint64_t>(static_cast<double>(static_cast<float>(value))) ==
         std::bit_cast<uint64_t>(value);
}

void AddValues(std::span<const double> values, MetricBatchRecord& record) {
  const auto count = static_cast<int>(values.size());
  if (std::all_of(values.begin(), values.end(), IsFloat)) {
    record.mutable_float_values()->Resize(count, 0);
    std::transform(values.begin(), values.end(), record.mutable_float_values()->mutable_data(),
                   [](double value) { return static_cast<float>(value); });
  } else {
    record.mutable_values()->Resize(count, 0);
    std::copy(values.begin(), values.end(), record.mutable_values()->mutable_data());
  }
}

// Reads a column of integers in whichever form it is: one entry a call.
class Integers {
 public:
  Integers(const Deltas& plain, const Deltas& deltas)
      : column_(deltas.empty() ? plain : deltas), differences_(!deltas.empty()) {}

  int size() const { return column_.size(); }
  int64_t Next() {
    const int64_t entry = column_.Get(next_++);
    value_ = differences_ ? Sum(value_, entry) : entry;
    return value_;
  }

 private:
  const Deltas& column_;
  const bool differences_;
  int next_ = 0;
  int64_t value_ = 0;
};

absl::Status Corrupt(std::string_view what) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::RECORD_CORRUPT,
               "a batch of points is damaged: " + std::string(what))
      .With("damage", what);
}

}  // namespace

std::string EncodeRawBatch(std::span<const int64_t> steps, std::span<const int64_t> times,
                           std::span<const double> values) {
  MetricBatchRecord record;
  AddDeltas(steps, *record.mutable_step_deltas());
  if (std::adjacent_find(times.begin(), times.end(), std::not_equal_to<>()) == times.end()) {
    record.set_time_unix_millis(times.front());
  } else {
    AddDeltas(times, *record.mutable_time_deltas());
  }
  AddValues(values, record);
  return record.SerializeAsString();
}

absl::Status DecodeRawBatch(std::string_view bytes, const StepRange& range, PointColumns& points) {
  MetricBatchRecord record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Corrupt("it does not parse");
  }
  const bool floats = record.float_values_size() != 0;
  const int count = floats ? record.float_values_size() : record.values_size();
  Integers steps(record.steps(), record.step_deltas());
  Integers times(record.times_unix_millis(), record.time_deltas());
  const bool one_time = record.has_time_unix_millis();
  if (steps.size() != count || (!one_time && times.size() != count)) {
    return Corrupt("its columns have different lengths");
  }
  points.Reserve(points.size() + static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    const int64_t step = steps.Next();
    const int64_t time = one_time ? record.time_unix_millis() : times.Next();
    if (!range.Contains(step)) continue;
    points.Append(step, time,
                  floats ? static_cast<double>(record.float_values(i)) : record.values(i));
  }
  return absl::OkStatus();
}

}  // namespace cairn::metrics
