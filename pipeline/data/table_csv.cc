#include "pipeline/data/table_csv.h"

#include "lib/base/output_file.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/csv_number.h"

namespace cairn::pipeline {
namespace {

void AppendInteger(int64_t value, std::string* out) {
  char buffer[kCsvNumberRoom];
  out->append(buffer, WriteCsvInteger(buffer, value));
}

}  // namespace

void AppendCsvField(std::string_view text, std::string* out) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out->append(text);
    return;
  }
  out->push_back('"');
  for (const char c : text) {
    if (c == '"') out->push_back('"');
    out->push_back(c);
  }
  out->push_back('"');
}

void AppendCsvNumber(double value, std::string* out) {
  char buffer[kCsvNumberRoom];
  out->append(buffer, WriteCsvNumber(buffer, value));
}

void AppendCustomer(int32_t id, const CustomerNames& names, std::string* out) {
  if (id >= kMissingCustomer || names == nullptr) {
    AppendInteger(id, out);
  } else {
    AppendCsvField(CustomerText(id, names), out);
  }
}

std::string FeaturesCsv(const FeatureMatrix& features) {
  return MatrixCsv("CustomerID", features.customer_ids, features.columns, features.values,
                   features.customer_names);
}

std::string MatrixCsv(std::string_view id_name, std::span<const int32_t> ids,
                      std::span<const std::string> columns, const RowMajorMatrix& values,
                      const CustomerNames& names) {
  std::string out;
  out.reserve(ids.size() * (columns.size() + 1) * 12 + 1024);
  AppendCsvField(id_name, &out);
  for (const std::string& column : columns) {
    out.push_back(',');
    AppendCsvField(column, &out);
  }
  out.push_back('\n');
  for (size_t i = 0; i < ids.size(); ++i) {
    AppendCustomer(ids[i], names, &out);
    for (size_t j = 0; j < columns.size(); ++j) {
      out.push_back(',');
      AppendCsvNumber(values(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)), &out);
    }
    out.push_back('\n');
  }
  return out;
}

std::string LabelsCsv(std::string_view id_name, std::span<const int32_t> ids,
                      std::string_view label_name, std::span<const int32_t> labels,
                      const CustomerNames& names) {
  std::string out;
  AppendCsvField(id_name, &out);
  out.push_back(',');
  AppendCsvField(label_name, &out);
  out.push_back('\n');
  for (size_t i = 0; i < ids.size(); ++i) {
    AppendCustomer(ids[i], names, &out);
    out.push_back(',');
    AppendInteger(labels[i], &out);
    out.push_back('\n');
  }
  return out;
}

std::string RejectsCsv(std::span<const RejectedRow> rejects) {
  std::string out = "Line,Column,Value,Reason\n";
  for (const RejectedRow& reject : rejects) {
    AppendInteger(static_cast<int64_t>(reject.line), &out);
    out.push_back(',');
    AppendCsvField(reject.column, &out);
    out.push_back(',');
    AppendCsvField(reject.value, &out);
    out.push_back(',');
    AppendCsvField(reject.reason, &out);
    out.push_back('\n');
  }
  return out;
}

absl::Status WriteOutputFile(const std::string& path, std::string_view bytes) {
  CAIRN_ASSIGN_OR_RETURN(OutputFile file, OutputFile::Create(path));
  CAIRN_RETURN_IF_ERROR(file.Write(bytes));
  return file.Close();
}

}  // namespace cairn::pipeline
