#include "server/metrics/bundle.h"

#include <algorithm>
#include <utility>

#include "cairn/internal/records.pb.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/metrics/raw_batch.h"
#include "server/storage/keyspace.h"

namespace cairn::metrics {
namespace {

using cairn::internal::MetricBundleRecord;
using cairn::v1::MetricColumns;

// With fewer metrics the records of each cost less than seeing through a bundle.
constexpr int kFewestMetrics = 16;
// With more points a metric the batch of each is worth its record.
constexpr int64_t kMostPointsPerMetric = 64;

int64_t CountPoints(const MetricBatch& metrics) {
  int64_t points = 0;
  for (const MetricColumns& columns : metrics) points += columns.values_size();
  return points;
}

absl::Status Corrupt(std::string_view what) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::RECORD_CORRUPT,
               "a bundle of metrics is damaged: " + std::string(what))
      .With("damage", what);
}

// Where the points of each metric begin, and where the last ones end.
absl::StatusOr<std::vector<size_t>> StartsOf(const MetricBundleRecord& record, size_t names,
                                             size_t points) {
  std::vector<size_t> starts(names + 1);
  const bool one_each = record.counts().empty();
  if (!one_each && static_cast<size_t>(record.counts_size()) != names) {
    return Corrupt("it has more or fewer counts than names");
  }
  for (size_t i = 0; i < names; ++i) {
    const size_t count = one_each ? 1 : record.counts(static_cast<int>(i));
    if (count == 0) return Corrupt("a metric has no points");
    starts[i + 1] = starts[i] + count;
  }
  if (starts.back() != points) return Corrupt("it has more or fewer points than its counts say");
  return starts;
}

}  // namespace

bool IsBundle(const MetricBatch& metrics) {
  return metrics.size() >= kFewestMetrics &&
         CountPoints(metrics) <= kMostPointsPerMetric * metrics.size();
}

int64_t BundleBytes(const MetricBatch& metrics) {
  constexpr int64_t kBytesPerPoint = 10;  // a value, and little for its step and time
  int64_t bytes = 0;
  for (const MetricColumns& columns : metrics) {
    bytes +=
        static_cast<int64_t>(columns.key().size()) + 1 + columns.values_size() * kBytesPerPoint;
  }
  return bytes;
}

std::string EncodeBundle(const MetricBatch& metrics, int64_t default_time_unix_millis) {
  MetricBundleRecord record;
  PointColumns points;
  const int64_t count = CountPoints(metrics);
  const bool one_each = count == metrics.size();
  points.Reserve(static_cast<size_t>(count));
  for (const MetricColumns& columns : metrics) {
    record.mutable_names()->append(columns.key()).push_back('\0');
    if (!one_each) record.add_counts(static_cast<uint32_t>(columns.values_size()));
    points.steps.insert(points.steps.end(), columns.steps().begin(), columns.steps().end());
    points.values.insert(points.values.end(), columns.values().begin(), columns.values().end());
    points.times.insert(points.times.end(), columns.times_unix_millis().begin(),
                        columns.times_unix_millis().end());
    points.times.resize(points.values.size(), default_time_unix_millis);
  }
  record.set_points(EncodeRawBatch(points.steps, points.times, points.values));
  return record.SerializeAsString();
}

absl::Status Bundle::SplitNames() {
  const std::string_view all = *bytes_;
  for (size_t at = 0; at < all.size();) {
    const size_t end = all.find('\0', at);
    if (end == std::string_view::npos || end == at) return Corrupt("its names");
    names_.push_back(all.substr(at, end - at));
    at = end + 1;
  }
  return names_.empty() ? Corrupt("it has no metric") : absl::OkStatus();
}

absl::StatusOr<Bundle> Bundle::Decode(std::string_view payload) {
  MetricBundleRecord record;
  if (!record.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return Corrupt("it does not parse");
  }
  Bundle bundle;
  bundle.bytes_ = std::make_unique<const std::string>(std::move(*record.mutable_names()));
  CAIRN_RETURN_IF_ERROR(bundle.SplitNames());
  CAIRN_RETURN_IF_ERROR(DecodeRawBatch(record.points(), StepRange(), bundle.points_));
  CAIRN_ASSIGN_OR_RETURN(bundle.starts_,
                         StartsOf(record, bundle.names_.size(), bundle.points_.size()));
  return bundle;
}

size_t Bundle::Find(std::string_view metric) const {
  return static_cast<size_t>(std::find(names_.begin(), names_.end(), metric) - names_.begin());
}

BundleReader::BundleReader(const storage::Snapshot& snapshot)
    : snapshot_(snapshot),
      cursor_(snapshot.NewCursor(storage::Family::kMetric)),
      end_(storage::KeyRange::Prefix(storage::AllMetricBundlesPrefix()).end) {}

absl::StatusOr<bool> BundleReader::Has(std::string_view run_id) {
  const storage::KeyRange ours = storage::KeyRange::Prefix(storage::MetricBundlePrefix(run_id));
  if (gap_begin_ <= ours.begin && ours.end <= gap_end_) return false;
  const std::string until = LookUntil(ours);
  cursor_->Seek(ours.begin, until);
  if (!cursor_->status().ok()) {
    // What cannot be read may belong to another run, which is no harm to this one.
    cursor_ = snapshot_.NewCursor(storage::Family::kMetric);
    cursor_->Seek(ours.begin, ours.end);
    CAIRN_RETURN_IF_ERROR(cursor_->status());
    return cursor_->Valid();
  }
  const bool joins = !cursor_->Valid() && until == gap_begin_;
  if (!joins) gap_end_ = cursor_->Valid() ? std::string(cursor_->key()) : until;
  gap_begin_ = ours.begin;
  return gap_end_ < ours.end;
}

// Behind a run there may be very many deleted bundles of others. To step over them pays when many
// runs are asked for, and then each of them once, whatever the order of the runs.
std::string BundleReader::LookUntil(const storage::KeyRange& ours) {
  if (++asked_ <= kFewRuns) return ours.end;
  return ours.begin < gap_begin_ && ours.end <= gap_begin_ ? gap_begin_ : end_;
}

absl::StatusOr<std::vector<StoredBundle>> BundleReader::Read(std::string_view run_id,
                                                             int64_t max_bytes,
                                                             absl::Status* damage) {
  std::vector<StoredBundle> bundles;
  CAIRN_ASSIGN_OR_RETURN(const bool any, Has(run_id));
  if (!any) return bundles;
  const storage::KeyRange ours = storage::KeyRange::Prefix(storage::MetricBundlePrefix(run_id));
  int64_t bytes = 0;
  for (cursor_->Seek(ours.begin, ours.end); cursor_->Valid() && bytes < max_bytes;
       cursor_->Next()) {
    const auto& record = cursor_->record();
    auto bundle = Bundle::Decode(record.payload);
    if (damage != nullptr) damage->Update(bundle.status());
    if (!bundle.ok() && damage != nullptr) continue;
    CAIRN_RETURN_IF_ERROR(bundle.status());
    const auto size = static_cast<int64_t>(record.payload.size());
    bytes += size;
    bundles.push_back({{ours.family, std::string(cursor_->key())},
                       record.mod_revision,
                       size,
                       *std::move(bundle)});
  }
  CAIRN_RETURN_IF_ERROR(cursor_->status());
  return bundles;
}

}  // namespace cairn::metrics
