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

void SetDeclared(const DatasetDraft& draft, cairn::v1::DatasetVersion* version) {
  version->set_row_count(draft.row_count);
  for (const auto& [name, type] : draft.columns) {
    auto* column = version->add_columns();
    column->set_name(name);
    column->set_type(type);
  }
}

}  // namespace

absl::Status DescribeTable(const DatasetDraft& draft, cairn::v1::DatasetVersion* version) {
  std::shared_ptr<const std::string> content;
  if (draft.input == nullptr) {
    CAIRN_ASSIGN_OR_RETURN(content, draft.bytes());
  }
  auto profile = Profile(content == nullptr ? draft.input->view() : std::string_view(*content));
  const size_t fewest = draft.columns.empty() ? kFewestInputColumns : draft.columns.size();
  if (!profile.ok() || profile->columns.size() < fewest) {
    SetDeclared(draft, version);
    return absl::OkStatus();
  }
  version->set_row_count(profile->row_count);
  for (size_t i = 0; i < profile->columns.size(); ++i) {
    auto* column = version->add_columns();
    *column = std::move(profile->columns[i]);
    if (i >= draft.columns.size()) continue;
    const std::string& declared = draft.columns[i].second;
    if (IsNumber(declared) && IsNumber(column->type())) column->set_type(declared);
    if (declared != "string" || column->type() == "bool") continue;
    // Codes that happen to be digits are not numbers.
    column->set_type(declared);
    column->mutable_statistics()->clear_numbers();
  }
  return absl::OkStatus();
}

}  // namespace cairn::pipeline
