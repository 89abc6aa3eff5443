#ifndef CAIRN_LIB_TABLES_TABLE_PROFILE_H_
#define CAIRN_LIB_TABLES_TABLE_PROFILE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/datasets.pb.h"
#include "lib/tables/byte_source.h"

namespace cairn::tables {

// The most columns that are profiled; it bounds the memory at about 360 MiB.
inline constexpr size_t kMaxProfiledColumns = 2000;

// What a table is like.
struct TableProfile {
  int64_t row_count = 0;
  std::vector<v1::Column> columns;  // in order, with statistics
};

// Profiles the CSV of `source`, whose first record has the names of the columns. Names
// become what the server takes: UTF-8 of 1 to 250 bytes, each once; an empty one becomes
// `column_N` (from 1), and one that was there before gets `_2`, `_3`, …
//
// INVALID_ARGUMENT (VALUE_INVALID) for an empty table and for what CsvReader refuses;
// INVALID_ARGUMENT (TOO_LARGE) above kMaxProfiledColumns; the source's errors.
absl::StatusOr<TableProfile> ProfileCsv(ByteSource source);

}  // namespace cairn::tables

#endif  // CAIRN_LIB_TABLES_TABLE_PROFILE_H_
