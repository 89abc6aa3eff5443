#include "pipeline/stages/compact_table.h"

#include "lib/zstd/frames.h"
#include "pipeline/data/table_csv.h"

namespace cairn::pipeline {
namespace {

constexpr int kCompressionLevel = 1;

void AppendRows(std::string_view method, const std::vector<std::string>& columns,
                const RowMajorMatrix& matrix, std::string* out) {
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    out->append(method);
    out->push_back(',');
    AppendCsvField(columns[static_cast<size_t>(i)], out);
    for (Eigen::Index j = 0; j < matrix.cols(); ++j) {
      out->push_back(',');
      AppendCsvNumber(matrix(i, j), out);
    }
    out->push_back('\n');
  }
}

}  // namespace

absl::StatusOr<std::string> CompressText(std::string_view text) {
  return zstd::PackFrame(text, kCompressionLevel);
}

std::vector<std::pair<std::string, std::string>> TransactionColumnTypes() {
  return {{"InvoiceNo", "string"}, {"StockCode", "string"},      {"Description", "string"},
          {"Quantity", "int64"},   {"InvoiceDate", "timestamp"}, {"UnitPrice", "double"},
          {"CustomerID", "int64"}, {"Country", "string"},        {"Transaction_Status", "string"}};
}

std::string CorrelationCsv(const std::vector<std::string>& columns,
                           const Correlations& correlations) {
  std::string out = "Method,Feature";
  for (const std::string& column : columns) {
    out.push_back(',');
    AppendCsvField(column, &out);
  }
  out.push_back('\n');
  AppendRows("pearson", columns, correlations.pearson, &out);
  AppendRows("spearman", columns, correlations.spearman, &out);
  return out;
}

std::string OutliersCsv(const FeatureMatrix& features, const OutlierResult& outliers) {
  const std::vector<int32_t>& customer_ids = features.customer_ids;
  std::vector<bool> removed(customer_ids.size());
  for (const int32_t row : outliers.removed) removed[static_cast<size_t>(row)] = true;
  std::string out = "CustomerID,Score,Outlier\n";
  for (size_t i = 0; i < customer_ids.size(); ++i) {
    AppendCustomer(customer_ids[i], features.customer_names, &out);
    out.push_back(',');
    if (!outliers.scores.empty()) AppendCsvNumber(outliers.scores[i], &out);
    out += removed[i] ? ",1\n" : ",0\n";
  }
  return out;
}

std::string OutlierSegmentsCsv(const FeatureMatrix& features, const OutlierResult& outliers,
                               const RowMajorMatrix& all_components, const FitOutcome& fit) {
  std::string out = "CustomerID,Score,Segment,Distance\n";
  for (const int32_t row : outliers.removed) {
    const auto place = static_cast<size_t>(row);
    AppendCustomer(features.customer_ids[place], features.customer_names, &out);
    out.push_back(',');
    AppendCsvNumber(outliers.scores[place], &out);
    const int32_t segment = fit.all_labels[place];
    out += "," + std::to_string(segment) + ",";
    AppendCsvNumber((all_components.row(row) - fit.centers.row(segment)).norm(), &out);
    out.push_back('\n');
  }
  return out;
}

std::vector<int32_t> SelectIds(std::span<const int32_t> ids, std::span<const int32_t> rows) {
  std::vector<int32_t> out;
  out.reserve(rows.size());
  for (const int32_t row : rows) out.push_back(ids[static_cast<size_t>(row)]);
  return out;
}

}  // namespace cairn::pipeline
