#ifndef CAIRN_PIPELINE_STAGES_COMPACT_TABLE_H_
#define CAIRN_PIPELINE_STAGES_COMPACT_TABLE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "pipeline/stages/preparation.h"

namespace cairn::pipeline {

// Small pieces of what the pipeline writes beside table_csv.h. Pure functions.

// One zstd frame of `text` at a quick level, with its size and a checksum: the form in which the
// cleaned transactions are published. INTERNAL when the library refuses.
absl::StatusOr<std::string> CompressText(std::string_view text);

// Names and types of the columns of transactions.csv.
std::vector<std::pair<std::string, std::string>> TransactionColumnTypes();

// correlation.csv: Method,Feature and one column per feature; first the Pearson rows, then the
// Spearman ones.
std::string CorrelationCsv(const std::vector<std::string>& columns,
                           const Correlations& correlations);

// outliers.csv: CustomerID,Score,Outlier (0 or 1) of every customer; scores are empty when no
// outliers were looked for.
std::string OutliersCsv(const FeatureMatrix& features, const OutlierResult& outliers);

// outlier_segments.csv: CustomerID,Score,Segment,Distance of the outliers alone, where `segment` is
// that of the nearest centre of `fit` and the distance is to it in the space of the components.
// `all_components` has a row for each customer.
inline constexpr char kOutlierSegmentsFile[] = "outlier_segments.csv";
std::string OutlierSegmentsCsv(const FeatureMatrix& features, const OutlierResult& outliers,
                               const RowMajorMatrix& all_components, const FitOutcome& fit);

// `ids` at each of `rows`, in the order of `rows`, each of which must be within `ids`.
std::vector<int32_t> SelectIds(std::span<const int32_t> ids, std::span<const int32_t> rows);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_COMPACT_TABLE_H_
