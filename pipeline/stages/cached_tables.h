#ifndef CAIRN_PIPELINE_STAGES_CACHED_TABLES_H_
#define CAIRN_PIPELINE_STAGES_CACHED_TABLES_H_

#include <string>
#include <string_view>
#include <vector>

#include "pipeline/data/transaction_table.h"
#include "pipeline/stages/stage_record.h"

namespace cairn::pipeline {

// The tables of transactions between `load` and `zero_price` as the stage cache keeps them, so that
// a run can begin behind any of these stages.
//
// `load` is kept with all of its columns, about 40 bytes a row. A later stage is kept as what it
// changed: the rows it let through and the columns it made new. It is of use only together with the
// table of `load` under the same keys.

// Tables with more rows than this are not kept: asking for a stage between `load` and `zero_price`
// then reads the input again.
inline constexpr size_t kMostCachedRows = 4'000'000;

// A table and how it came about.
struct CachedTable {
  TransactionTable table;
  std::vector<StageRecord> records;  // load … the table's own stage
  std::string rejects_csv;           // Of `load`; empty when a later stage is encoded.
};

// Whether a table of so many storage rows, with so many bytes of rejects, is kept at all.
bool FitsTableCache(const TransactionTable& table, std::string_view rejects_csv);

// As bytes. `loaded` is the table of `load` that `value.table` descends from, or null for that
// table itself. Pure.
std::string EncodeTable(const CachedTable& value, const TransactionColumns* loaded);

// And back. False for bytes that do not fit, which leaves `value` unspecified: every code, row and
// customer is checked to lie inside its column. Pure.
bool DecodeTable(std::string_view bytes, const TransactionColumns* loaded, CachedTable* value);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_CACHED_TABLES_H_
