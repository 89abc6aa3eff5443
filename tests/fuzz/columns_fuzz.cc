// Any bytes as a batch of metric columns from a client, as a stored raw batch and as a
// stored bundle: no crash; columns that are valid come back from both stored forms, in
// order.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "cairn/v1/tracking.pb.h"
#include "server/core/metric_summary.h"
#include "server/metrics/bundle.h"
#include "server/metrics/raw_batch.h"
#include "server/tracking/validation.h"

namespace {

using cairn::metrics::PointColumns;
using cairn::metrics::StepRange;

void Require(bool holds) {
  if (!holds) std::abort();
}

template <typename Column>
auto SpanOf(const Column& column) {
  return std::span(column.data(), static_cast<size_t>(column.size()));
}

void StoreAndRead(const cairn::v1::MetricColumns& columns) {
  constexpr int64_t kNow = 1'700'000'000'000;
  const auto summary = cairn::core::SummarizeColumns(columns, kNow);
  Require(summary.ok() && summary->point_count() == columns.values_size());
  const bool has_times = columns.times_unix_millis_size() != 0;
  const auto times = has_times ? SpanOf(columns.times_unix_millis()) : std::span(&kNow, 1);
  const std::string stored =
      cairn::metrics::EncodeRawBatch(SpanOf(columns.steps()), times, SpanOf(columns.values()));
  PointColumns points;
  Require(cairn::metrics::DecodeRawBatch(stored, StepRange(), points).ok());
  Require(points.size() == static_cast<size_t>(columns.values_size()));
  for (int i = 0; i < columns.values_size(); ++i) {
    const auto at = static_cast<size_t>(i);
    Require(points.steps[at] == columns.steps(i) && points.times[at] == times[has_times ? at : 0]);
    Require(cairn::metrics::CanonicalBits(points.values[at]) ==
            cairn::metrics::CanonicalBits(columns.values(i)));
  }
}

// One bundle of all columns holds what each of them holds.
void BundleAndRead(const cairn::metrics::MetricBatch& metrics) {
  if (metrics.empty()) return;
  const auto bundle = cairn::metrics::Bundle::Decode(cairn::metrics::EncodeBundle(metrics, 7));
  Require(bundle.ok() && bundle->size() == static_cast<size_t>(metrics.size()));
  for (const auto& columns : metrics) {
    const size_t at = bundle->Find(columns.key());
    Require(at < bundle->size());
    Require(bundle->end(at) - bundle->begin(at) == static_cast<size_t>(columns.values_size()));
    for (int i = 0; i < columns.values_size(); ++i) {
      const size_t point = bundle->begin(at) + static_cast<size_t>(i);
      Require(bundle->points().steps[point] == columns.steps(i));
      Require(cairn::metrics::CanonicalBits(bundle->points().values[point]) ==
              cairn::metrics::CanonicalBits(columns.values(i)));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  PointColumns points;
  if (!cairn::metrics::DecodeRawBatch(bytes, StepRange(), points).ok()) Require(points.empty());
  if (const auto bundle = cairn::metrics::Bundle::Decode(bytes); bundle.ok()) {
    Require(bundle->end(bundle->size() - 1) == bundle->points().size());
  }
  cairn::v1::LogMetricsRequest request;
  if (!request.ParseFromArray(data, static_cast<int>(size))) return 0;
  if (!cairn::tracking::ValidateBatch(request.metrics()).ok()) return 0;
  for (const auto& columns : request.metrics()) StoreAndRead(columns);
  BundleAndRead(request.metrics());
  return 0;
}
