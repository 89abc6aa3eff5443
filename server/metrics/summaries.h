#ifndef CAIRN_SERVER_METRICS_SUMMARIES_H_
#define CAIRN_SERVER_METRICS_SUMMARIES_H_

#include <functional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "server/metrics/bundle.h"
#include "server/storage/kv_store.h"

namespace cairn::metrics {

// The summaries of the metrics of a run: latest point, minimum, maximum and count.
//
// What is current is the record under RunMetricKey together with what the run's bundles
// have of the metric, so whoever reads those records adds the bundles with a function
// of this file. All lists ascend by name and have each name once, like the records of a
// run.

using Summaries = google::protobuf::RepeatedPtrField<cairn::v1::MetricSummary>;

// What `bundles`, all of one run, say of their metrics.
Summaries SummarizeBundles(const std::vector<StoredBundle>& bundles);

// Adds the points that `added` counts to `summaries`.
void MergeByName(Summaries added, Summaries& summaries);

// Adds what waits in the bundles of the run to `summaries`, which were read from the same
// snapshot: that of every metric whose name `wanted` agrees to. Errors of
// BundleReader::Read.
absl::Status AddBundled(BundleReader& bundles, std::string_view run_id,
                        const std::function<bool(std::string_view)>& wanted, Summaries& summaries);

// The current summaries of all metrics of the run. DATA_LOSS (RECORD_CORRUPT) for damaged
// records and bundles; errors of the snapshot.
absl::StatusOr<Summaries> ReadSummaries(const storage::Snapshot& snapshot, BundleReader& bundles,
                                        std::string_view run_id);

}  // namespace cairn::metrics

#endif  // CAIRN_SERVER_METRICS_SUMMARIES_H_
