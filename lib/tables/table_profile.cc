#include "lib/tables/table_profile.h"

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/tables/cell.h"
#include "lib/tables/column_profiler.h"
#include "lib/tables/csv_reader.h"

namespace cairn::tables {
namespace {

constexpr size_t kMaxNameBytes = 250;
// Room for what makes a name unique.
constexpr size_t kNameBytes = kMaxNameBytes - 10;

std::vector<std::string> ColumnNames(const std::vector<std::string_view>& header) {
  std::vector<std::string> names;
  std::set<std::string> taken;
  for (const std::string_view title : header) {
    std::string base = Utf8Prefix(TrimBlanks(title), kNameBytes);
    if (base.empty()) base = fmt::format("column_{}", names.size() + 1);
    std::string name = base;
    for (int again = 2; !taken.insert(name).second; ++again) {
      name = fmt::format("{}_{}", base, again);
    }
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace

absl::StatusOr<TableProfile> ProfileCsv(ByteSource source) {
  CsvReader reader(std::move(source));
  std::vector<std::string_view> fields;
  CAIRN_ASSIGN_OR_RETURN(const bool has_header, reader.Next(fields));
  if (!has_header) {
    return InvalidField(ErrorReason::VALUE_INVALID, "csv", "", "must have a header").ToStatus();
  }
  if (fields.size() > kMaxProfiledColumns) {
    return InvalidField(
               ErrorReason::TOO_LARGE, "csv", std::to_string(fields.size()),
               fmt::format("must have at most {} columns to be profiled", kMaxProfiledColumns))
        .ToStatus();
  }
  const std::vector<std::string> names = ColumnNames(fields);
  std::vector<ColumnProfiler> profilers(names.size());
  TableProfile profile;
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, reader.Next(fields));
    if (!more) break;
    ++profile.row_count;
    for (size_t i = 0; i < fields.size(); ++i) profilers[i].Add(fields[i]);
  }
  for (size_t i = 0; i < names.size(); ++i) {
    profile.columns.push_back(profilers[i].Finish(names[i]));
  }
  return profile;
}

}  // namespace cairn::tables
