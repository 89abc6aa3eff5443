// Any bytes as a CSV table: reading ends with records or an error, the same however the bytes
// are cut, and what was read reads back after it was written. Its profile is what the server
// would take.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/encoding.h"
#include "lib/tables/csv_reader.h"
#include "lib/tables/table_profile.h"

namespace {

using cairn::tables::CsvOptions;
using cairn::tables::CsvReader;
using cairn::tables::FromText;

void Require(bool holds) {
  if (!holds) std::abort();
}

struct Table {
  bool ok = true;
  std::string error;
  std::vector<std::vector<std::string>> rows;

  bool operator==(const Table&) const = default;
};

Table Read(std::string_view text, size_t piece, size_t buffer) {
  CsvOptions options;
  options.buffer_bytes = buffer;
  CsvReader reader(FromText(text, piece), options);
  std::vector<std::string_view> fields;
  Table table;
  while (true) {
    const auto more = reader.Next(fields);
    if (!more.ok()) {
      table.ok = false;
      table.error = std::string(more.status().message());
      return table;
    }
    if (!*more) return table;
    table.rows.emplace_back(fields.begin(), fields.end());
  }
}

void CheckProfile(std::string_view text, const Table& table) {
  const auto profile = cairn::tables::ProfileCsv(FromText(text, 7));
  const bool has_header = !table.rows.empty();
  const bool narrow = has_header && table.rows[0].size() <= cairn::tables::kMaxProfiledColumns;
  Require(profile.ok() == (table.ok && narrow));
  if (!profile.ok()) return;
  Require(profile->row_count == static_cast<int64_t>(table.rows.size()) - 1);
  for (const auto& column : profile->columns) {
    const auto& statistics = column.statistics();
    Require(!column.name().empty() && cairn::IsValidUtf8(column.name()));
    Require(statistics.count() == profile->row_count);
    int64_t values = statistics.count() - statistics.null_count();
    Require(values >= 0 && statistics.distinct_count() <= values);
    for (const int64_t bin : statistics.numbers().histogram()) values -= bin;
    for (const auto& counted : statistics.frequent()) {
      Require(cairn::IsValidUtf8(counted.text()));
      values -= counted.count();
    }
    Require(values >= 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Table whole = Read(text, SIZE_MAX, size_t{256} << 10);
  Require(whole == Read(text, 1, 4));
  Require(whole == Read(text, 5, 16));
  CheckProfile(text, whole);
  std::string written;
  for (const auto& row : whole.rows) {
    const std::vector<std::string_view> fields(row.begin(), row.end());
    cairn::tables::AppendCsvRecord(fields, written);
  }
  const Table again = Read(written, 3, 8);
  Require(again.ok && again.rows == whole.rows);
  return 0;
}
