#include "server/metrics/summaries.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "cairn/internal/records.pb.h"
#include "lib/base/status_macros.h"
#include "server/core/metric_summary.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::metrics {
namespace {

using cairn::internal::MetricRecord;
using cairn::v1::MetricSummary;

// Gathers the points of each metric. A writer sends the same metrics again and again,
// so that their names are mostly those of the bundle before and need no look-up.
class Gatherer {
 public:
  void Add(const Bundle& bundle) {
    if (previous_ == nullptr || previous_->all_names() != bundle.all_names()) Match(bundle);
    const PointColumns& points = bundle.points();
    for (size_t metric = 0; metric < bundle.size(); ++metric) {
      core::SummaryBuilder& builder = builders_[places_[metric]];
      for (size_t i = bundle.begin(metric); i < bundle.end(metric); ++i) {
        builder.Add(points.steps[i], points.times[i], points.values[i]);
      }
    }
    previous_ = &bundle;
  }

  Summaries Finish() const {
    std::vector<std::pair<std::string_view, size_t>> names(place_of_.begin(), place_of_.end());
    std::sort(names.begin(), names.end());
    Summaries summaries;
    summaries.Reserve(static_cast<int>(names.size()));
    for (const auto& [name, place] : names) *summaries.Add() = builders_[place].Build(name);
    return summaries;
  }

 private:
  void Match(const Bundle& bundle) {
    places_.resize(bundle.size());
    for (size_t metric = 0; metric < bundle.size(); ++metric) {
      places_[metric] = place_of_.try_emplace(bundle.name(metric), builders_.size()).first->second;
      if (places_[metric] == builders_.size()) builders_.emplace_back();
    }
  }

  absl::flat_hash_map<std::string_view, size_t> place_of_;  // by name: in builders_
  std::vector<core::SummaryBuilder> builders_;
  std::vector<size_t> places_;  // of the metrics of the bundle at hand
  const Bundle* previous_ = nullptr;
};

}  // namespace

Summaries SummarizeBundles(const std::vector<StoredBundle>& bundles) {
  Gatherer gatherer;
  for (const StoredBundle& stored : bundles) gatherer.Add(stored.bundle);
  return gatherer.Finish();
}

void MergeByName(Summaries added, Summaries& summaries) {
  if (added.empty()) return;
  if (summaries.empty()) {
    summaries = std::move(added);
    return;
  }
  Summaries merged;
  merged.Reserve(summaries.size() + added.size());
  int i = 0;
  int j = 0;
  while (i < summaries.size() && j < added.size()) {
    const int order = summaries[i].key().compare(added[j].key());
    if (order == 0) {
      *merged.Add() = core::MergeSummaries(summaries[i++], added[j++]);
    } else {
      *merged.Add() = order < 0 ? std::move(summaries[i++]) : std::move(added[j++]);
    }
  }
  while (i < summaries.size()) *merged.Add() = std::move(summaries[i++]);
  while (j < added.size()) *merged.Add() = std::move(added[j++]);
  summaries = std::move(merged);
}

absl::Status AddBundled(BundleReader& bundles, std::string_view run_id,
                        const std::function<bool(std::string_view)>& wanted, Summaries& summaries) {
  CAIRN_ASSIGN_OR_RETURN(const auto stored, bundles.Read(run_id));
  if (stored.empty()) return absl::OkStatus();
  Summaries added = SummarizeBundles(stored);
  const auto unwanted =
      std::remove_if(added.begin(), added.end(),
                     [&](const MetricSummary& summary) { return !wanted(summary.key()); });
  added.erase(unwanted, added.end());
  MergeByName(std::move(added), summaries);
  return absl::OkStatus();
}

absl::StatusOr<Summaries> ReadSummaries(const storage::Snapshot& snapshot, BundleReader& bundles,
                                        std::string_view run_id) {
  Summaries summaries;
  CAIRN_RETURN_IF_ERROR(storage::ScanRecords<MetricRecord>(
      snapshot, storage::KeyRange::Prefix(storage::RunMetricPrefix(run_id)),
      storage::ScanOrder::kAscending, [&](std::string_view, auto metric) {
        *summaries.Add() = std::move(*metric.value.mutable_summary());
        return true;
      }));
  CAIRN_RETURN_IF_ERROR(AddBundled(
      bundles, run_id, [](std::string_view) { return true; }, summaries));
  return summaries;
}

}  // namespace cairn::metrics
