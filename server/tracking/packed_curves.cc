#include "server/tracking/packed_curves.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/metrics/series_reader.h"
#include "server/tracking/limits.h"
#include "server/tracking/metric_curve.h"
#include "server/tracking/runs.h"
#include "server/tracking/validation.h"

namespace cairn::tracking {
namespace {

using cairn::v1::ReadCurvesRequest;
using cairn::v1::ReadCurvesResponse;
using metrics::Summary;

static_assert(std::endian::native == std::endian::little, "arrays are little-endian on the wire");

// One array, a number of each bucket.
template <typename Number, typename Of>
std::string Packed(const std::vector<Summary>& buckets, const Of& of) {
  std::string bytes(buckets.size() * sizeof(Number), '\0');
  char* at = bytes.data();
  for (const Summary& bucket : buckets) {
    const Number number = of(bucket);
    std::memcpy(at, &number, sizeof(number));
    at += sizeof(number);
  }
  return bytes;
}

double NumberOr(const Summary& bucket, double number) {
  const bool any = bucket.count > bucket.nan_count;
  return any ? number : std::numeric_limits<double>::quiet_NaN();
}

uint32_t Count(int64_t count) {
  return static_cast<uint32_t>(std::min<int64_t>(count, std::numeric_limits<uint32_t>::max()));
}

absl::Status ValidateCount(std::string_view field, int count, int most) {
  CAIRN_RETURN_IF_ERROR(RequireField(field, count > 0));
  return count <= most ? absl::OkStatus() : TooLarge(field, count, most);
}

absl::Status ValidateCurves(const ReadCurvesRequest& request) {
  CAIRN_RETURN_IF_ERROR(ValidateCount("runs", request.runs_size(), kMaxRunsOfCurves));
  CAIRN_RETURN_IF_ERROR(ValidateCount("keys", request.keys_size(), kMaxKeysOfCurves));
  for (int i = 0; i < request.keys_size(); ++i) {
    CAIRN_RETURN_IF_ERROR(ValidateSoughtKey(fmt::format("keys[{}]", i), request.keys(i)));
  }
  return ValidateBuckets(request.max_buckets(), kMaxCurveBuckets);
}

}  // namespace

void PackBuckets(const std::vector<Summary>& buckets, ReadCurvesResponse& response) {
  int64_t points = 0;
  int64_t nans = 0;
  for (const Summary& bucket : buckets) {
    points += bucket.count;
    nans += bucket.nan_count;
  }
  response.set_point_count(points);
  response.set_nan_count(nans);
  const auto doubles = [&buckets](const auto& of) { return Packed<double>(buckets, of); };
  response.set_first_steps(
      doubles([](const Summary& b) { return static_cast<double>(b.first.step); }));
  response.set_last_steps(
      doubles([](const Summary& b) { return static_cast<double>(b.last.step); }));
  response.set_min_values(doubles([](const Summary& b) { return NumberOr(b, b.min); }));
  response.set_max_values(doubles([](const Summary& b) { return NumberOr(b, b.max); }));
  response.set_mean_values(doubles([](const Summary& b) { return NumberOr(b, b.mean()); }));
  response.set_point_counts(
      Packed<uint32_t>(buckets, [](const Summary& b) { return Count(b.count); }));
  response.set_nan_counts(
      Packed<uint32_t>(buckets, [](const Summary& b) { return Count(b.nan_count); }));
  response.set_first_times(
      doubles([](const Summary& b) { return static_cast<double>(b.first.time); }));
}

absl::StatusOr<PackedCurves> PackedCurves::Open(std::unique_ptr<storage::Snapshot> snapshot,
                                                const ReadCurvesRequest& request) {
  CAIRN_RETURN_IF_ERROR(ValidateCurves(request));
  PackedCurves curves(std::move(snapshot));
  for (int i = 0; i < request.runs_size(); ++i) {
    CAIRN_ASSIGN_OR_RETURN(
        const auto run,
        ReadRunRecord(*curves.snapshot_, fmt::format("runs[{}]", i), request.runs(i)));
    curves.runs_.push_back({run.value.run().name(), run.value.run().uid()});
  }
  curves.keys_.assign(request.keys().begin(), request.keys().end());
  curves.steps_ = StepsOf(request);
  curves.max_buckets_ = request.max_buckets() == 0 ? kUsualCurveBuckets : request.max_buckets();
  return curves;
}

absl::StatusOr<bool> PackedCurves::Next(const std::function<absl::Status()>& ended,
                                        ReadCurvesResponse& response) {
  while (next_ < runs_.size() * keys_.size()) {
    if (ended) CAIRN_RETURN_IF_ERROR(ended());
    const NamedRun& run = runs_[next_ / keys_.size()];
    const std::string& key = keys_[next_ % keys_.size()];
    ++next_;
    CAIRN_ASSIGN_OR_RETURN(const bool any, ReadCurve(run, key, response));
    if (any) return true;
  }
  return false;
}

absl::StatusOr<bool> PackedCurves::ReadCurve(const NamedRun& run, const std::string& key,
                                             ReadCurvesResponse& response) const {
  CAIRN_ASSIGN_OR_RETURN(const auto reader,
                         metrics::SeriesReader::Open(*snapshot_, run.uid, key, steps_));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<Summary> buckets, reader.ReadBuckets(max_buckets_));
  if (buckets.empty()) {
    if (steps_.everything()) return false;
    // Whether there are points elsewhere.
    CAIRN_ASSIGN_OR_RETURN(auto all, metrics::SeriesReader::Open(*snapshot_, run.uid, key));
    metrics::PointColumns one;
    CAIRN_ASSIGN_OR_RETURN(const bool any, all.Next(1, one));
    if (!any) return false;
  }
  response.Clear();
  response.set_run(run.name);
  response.set_key(key);
  PackBuckets(buckets, response);
  return true;
}

int64_t PackedCurves::HeldBytes() const {
  size_t bytes = 0;
  for (const NamedRun& run : runs_) bytes += sizeof(run) + run.name.size() + run.uid.size();
  for (const std::string& key : keys_) bytes += sizeof(key) + key.size();
  return static_cast<int64_t>(bytes);
}

}  // namespace cairn::tracking
