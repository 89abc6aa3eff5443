#ifndef CAIRN_LIB_TABLES_ROW_DIFF_H_
#define CAIRN_LIB_TABLES_ROW_DIFF_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/datasets.pb.h"
#include "lib/tables/byte_source.h"

namespace cairn::tables {

struct RowDiffOptions {
  // The columns whose values together name a row; at least one.
  std::vector<std::string> key_columns;
  // How many rows of each kind are shown.
  int max_examples = 20;
  // How many keys are in memory at a time, at 64 to 128 bytes each.
  size_t max_keys_in_memory = size_t{2} << 20;
};

// Compares the rows of two CSV tables with headers, matched by key columns: which keys
// only one has, and under which the rows differ. Columns are matched by name; those that
// only one table has take no part, and neither does the order of columns or rows.
//
// A hash join: keys and rows are held as 64-bit hashes (hash.h), so that memory is bounded
// by the number of keys and not by their length. When there are more keys than
// `max_keys_in_memory`, they are split by hash into parts, twice as many until each fits,
// and the tables are read once for each part; `from` and `to` are therefore opened several
// times. Of keys that several rows have, the rows are compared as a set.
//
// INVALID_ARGUMENT (VALUE_INVALID) when a key column is missing, or the CSV is malformed;
// the sources' errors.
absl::StatusOr<v1::RowChanges> DiffRows(const ByteOpener& from, const ByteOpener& to,
                                        const RowDiffOptions& options);

}  // namespace cairn::tables

#endif  // CAIRN_LIB_TABLES_ROW_DIFF_H_
