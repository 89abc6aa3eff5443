#include "client-cli/commands/dataset_profile.h"

#include <cstddef>
#include <filesystem>
#include <system_error>
#include <utility>

#include "client-cli/cli/command.h"
#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "lib/tables/byte_source.h"
#include "lib/tables/table_profile.h"

namespace cairn::cli {
namespace {

// Leaves room in a message of 4 MiB for the names of files.
constexpr size_t kMaxColumnBytes = size_t{2} << 20;

size_t BytesOf(const std::vector<v1::Column>& columns) {
  size_t bytes = 0;
  for (const v1::Column& column : columns) bytes += column.ByteSizeLong() + 4;
  return bytes;
}

void FitIntoRequest(std::vector<v1::Column>& columns) {
  if (BytesOf(columns) <= kMaxColumnBytes) return;
  for (v1::Column& column : columns) column.mutable_statistics()->clear_frequent();
  if (BytesOf(columns) <= kMaxColumnBytes) return;
  for (v1::Column& column : columns) column.clear_statistics();
}

}  // namespace

absl::Status AttachProfile(Session& session, const std::vector<std::string>& paths,
                           v1::DatasetVersion& version) {
  std::error_code error;
  const bool profiled = !session.flags().Switch("no-profile") && paths.size() == 1 &&
                        tables::IsTableName(paths[0]) &&
                        std::filesystem::is_regular_file(paths[0], error);
  if (!profiled) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(tables::ByteSource source, tables::OpenTable(paths[0], paths[0]));
  absl::StatusOr<tables::TableProfile> profile = tables::ProfileCsv(std::move(source));
  if (absl::IsInvalidArgument(profile.status()) || absl::IsDataLoss(profile.status())) {
    session.Hint(fmt::format("{} is stored without columns and statistics: {}", paths[0],
                             std::string(profile.status().message())));
    return absl::OkStatus();
  }
  CAIRN_RETURN_IF_ERROR(profile.status());
  const int64_t given = session.flags().Integer("rows");
  if (given >= 0 && given != profile->row_count) {
    return UsageError(
        fmt::format("--rows {}: {} has {} rows", given, paths[0], profile->row_count));
  }
  version.set_row_count(profile->row_count);
  FitIntoRequest(profile->columns);
  for (v1::Column& column : profile->columns) *version.add_columns() = std::move(column);
  return absl::OkStatus();
}

}  // namespace cairn::cli
