#include "pipeline/stages/publish_datasets.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "pipeline/data/table_csv.h"
#include "pipeline/stages/compact_table.h"
#include "pipeline/stages/load_stage.h"
#include "pipeline/stages/transactions.h"

namespace cairn::pipeline {
namespace {

// The name of the input inside its version: pipes have none of their own. Characters that artifact
// paths do not allow are replaced.
std::string InputName(const std::string& path) {
  if (path == kStandardInput || path == "/dev/stdin") return "stdin";
  if (path.starts_with("/dev/fd/") || path.starts_with("/proc/")) return "pipe";
  std::string name = path.substr(path.find_last_of('/') + 1);
  for (char& c : name) {
    if (std::string_view("\\#?;").find(c) != std::string_view::npos ||
        static_cast<unsigned char>(c) < 0x20)
      c = '_';
  }
  return name;
}

absl::Status PublishInput(StageRun* run) {
  DatasetDraft draft;
  draft.role = DatasetRole::kTransactions;
  draft.path = InputName(run->request().data);
  draft.input = run->input();
  run->ReleaseInput();
  draft.digest = run->outcome().input;
  draft.columns = TransactionColumnTypes();
  draft.columns.pop_back();  // The status is found later.
  draft.table = [input = draft.input, columns = run->Own<Transactions>().loaded,
                 config = run->config()]() -> absl::StatusOr<SharedText> {
    if (columns.quantity != nullptr) return Share(TransactionsCsv(TransactionTable(columns), 1));
    CAIRN_ASSIGN_OR_RETURN(const LoadedTransactions loaded, LoadInput(*input, config));
    return Share(TransactionsCsv(loaded.table, 1));
  };
  draft.producer = "input";
  return run->publisher()->AddDataset(std::move(draft));
}

absl::Status PublishCleaned(StageRun* run) {
  DatasetDraft draft;
  draft.role = DatasetRole::kCleaned;
  draft.path = "transactions.csv.zst";
  draft.bytes = [csv = run->Own<Transactions>().csv]() -> absl::StatusOr<SharedText> {
    CAIRN_ASSIGN_OR_RETURN(std::string packed, CompressText(*csv.get()));
    return Share(std::move(packed));
  };
  draft.producer = "zero_price";
  draft.row_count = run->RecordOf(draft.producer).rows_out;
  draft.columns = TransactionColumnTypes();
  return run->publisher()->AddDataset(std::move(draft));
}

// A file of --out with one row for each customer.
struct CustomerFile {
  DatasetRole role;
  const char* path;
  int64_t rows;
  const char* producer;
  std::vector<std::pair<std::string, std::string>> columns;  // After that of the customer.
};

std::vector<std::pair<std::string, std::string>> Doubles(const std::vector<std::string>& names) {
  std::vector<std::pair<std::string, std::string>> columns;
  for (const std::string& name : names) columns.emplace_back(name, "double");
  return columns;
}

absl::Status PublishCustomerFile(const CustomerFile& file, StageRun* run) {
  DatasetDraft draft;
  draft.role = file.role;
  draft.path = file.path;
  draft.bytes = [csv = run->TextOf(file.path)]() -> absl::StatusOr<SharedText> { return csv; };
  draft.row_count = file.rows;
  draft.columns.emplace_back("CustomerID", "int64");
  draft.columns.insert(draft.columns.end(), file.columns.begin(), file.columns.end());
  draft.producer = file.producer;
  return run->publisher()->AddDataset(std::move(draft));
}

}  // namespace

absl::Status PublishDatasets(StageRun* run) {
  if (run->publisher() == nullptr) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(PublishInput(run));
  CAIRN_RETURN_IF_ERROR(PublishCleaned(run));
  const FeatureMatrix& features = run->outcome().features;
  const Preparation& preparation = run->outcome().preparation;
  const int64_t kept = preparation.prepared.rows();
  for (const CustomerFile& file :
       {CustomerFile{DatasetRole::kFeatures, "features.csv", features.values.rows(), "features",
                     Doubles(features.columns)},
        CustomerFile{DatasetRole::kPrepared, "prepared.csv", kept, "scale",
                     Doubles(features.columns)},
        CustomerFile{DatasetRole::kComponents, "components.csv", kept, "pca",
                     Doubles(ComponentNames(preparation))}}) {
    CAIRN_RETURN_IF_ERROR(PublishCustomerFile(file, run));
  }
  return absl::OkStatus();
}

absl::Status PublishOutliers(StageRun* run) {
  const auto count = static_cast<int64_t>(run->outcome().outliers.removed.size());
  if (run->publisher() == nullptr || count == 0) return absl::OkStatus();
  return PublishCustomerFile({DatasetRole::kOutliers,
                              kOutlierSegmentsFile,
                              count,
                              "select",
                              {{"Score", "double"}, {"Segment", "int64"}, {"Distance", "double"}}},
                             run);
}

}  // namespace cairn::pipeline
