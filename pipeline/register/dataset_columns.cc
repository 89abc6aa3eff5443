#include "pipeline/register/dataset_columns.h"

#include <string>
#include <string_view>

#include "lib/base/status_macros.h"
#include "lib/tables/table_profile.h"

namespace cairn::pipeline {
namespace {

// A table of transactions has at least so many; fewer mean that the separator is another one.
constexpr int kFewestInputColumns = 8;

bool IsNumber(std::string_view type) { return type == "int64" || type == "double"; }

absl::StatusOr<tables::TableProfile> Profile(std::string_view bytes) {
  const tables::ByteSource source = tables::FromText(bytes);
  const bool packed = DetectInputKind(bytes) == InputKind::kZstd;
  return tables::ProfileCsv(packed ? tables::Unzstd(source) : source);
}

// The columns of a table in the draft's order, with its types where the values allow them.
void SetProfiled(const DatasetDraft& draft, tables::TableProfile profile,
                 cairn::v1::DatasetVersion* version) {
  for (size_t i = 0; i < profile.columns.size(); ++i) {
    auto* column = version->add_columns();
    *column = std::move(profile.columns[i]);
    if (i >= draft.columns.size()) continue;
    const std::string& declared = draft.columns[i].second;
    if (IsNumber(declared) && IsNumber(column->type())) column->set_type(declared);
    if (declared != "string" || column->type() == "bool") continue;
    // Codes that happen to be digits are not numbers.
    column->set_type(declared);
    column->mutable_statistics()->clear_numbers();
  }
}

// What the pipeline read: the bytes where they are a table as they stand, else what was read.
absl::Status DescribeInput(const DatasetDraft& draft, cairn::v1::DatasetVersion* version) {
  auto profile = Profile(draft.input->view());
  if (profile.ok() && profile->columns.size() >= kFewestInputColumns) {
    version->set_row_count(profile->row_count);
    SetProfiled({}, *std::move(profile), version);
    return absl::OkStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(const auto table, draft.table());
  CAIRN_ASSIGN_OR_RETURN(auto read, Profile(*table));
  version->set_row_count(read.row_count);
  SetProfiled(draft, std::move(read), version);
  return absl::OkStatus();
}

}  // namespace

absl::Status DescribeTable(const DatasetDraft& draft, cairn::v1::DatasetVersion* version) {
  if (draft.input != nullptr) return DescribeInput(draft, version);
  CAIRN_ASSIGN_OR_RETURN(const auto content, draft.bytes());
  CAIRN_ASSIGN_OR_RETURN(auto profile, Profile(*content));
  version->set_row_count(profile.row_count);
  SetProfiled(draft, std::move(profile), version);
  return absl::OkStatus();
}

}  // namespace cairn::pipeline
