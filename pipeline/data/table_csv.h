#ifndef CAIRN_PIPELINE_DATA_TABLE_CSV_H_
#define CAIRN_PIPELINE_DATA_TABLE_CSV_H_

// Tables as CSV: what `--out DIR` receives.
//
// Lines end in "\n", fields are quoted only where RFC 4180 asks for it, and every number is the
// shortest text that reads back as the same double, so equal tables give equal bytes. Formatting
// functions are pure and may be called from any thread; nothing is written half: a file appears
// under its name once it is complete.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "pipeline/data/features.h"
#include "pipeline/data/load.h"
#include "pipeline/data/transaction_table.h"

namespace cairn::pipeline {

// transactions.csv: the columns of the input in their usual order, dates as
// `2010-12-01 08:26:00`, customer ids as whole numbers (empty when missing). A table with status
// has a ninth column Transaction_Status, `Completed` or `Cancelled`, which loading ignores.
// `threads` (0 = one per processor, at most 8) changes the time, never the bytes.
std::string TransactionsCsv(const TransactionTable& table, int threads = 0);

// The same bytes piece by piece, for tables whose text should not be in memory as a whole. Stops at
// the first error of `sink`, which is returned.
absl::Status WriteTransactionsCsv(const TransactionTable& table,
                                  const std::function<absl::Status(std::string_view)>& sink);

// features.csv: CustomerID first, then the columns of the matrix.
std::string FeaturesCsv(const FeatureMatrix& features);

// Any named matrix with one row per id: prepared.csv, components.csv. `id_name` is the header of
// the first column. values.rows() == ids.size() and values.cols() == columns.size() are
// required. `names` are the texts of ids that are no numbers, here and below.
std::string MatrixCsv(std::string_view id_name, std::span<const int32_t> ids,
                      std::span<const std::string> columns, const RowMajorMatrix& values,
                      const CustomerNames& names = nullptr);

// labels.csv: CustomerID and one whole number per customer. Both spans have one length.
std::string LabelsCsv(std::string_view id_name, std::span<const int32_t> ids,
                      std::string_view label_name, std::span<const int32_t> labels,
                      const CustomerNames& names = nullptr);

// rejects.csv: Line,Column,Value,Reason. Always has its header.
std::string RejectsCsv(std::span<const RejectedRow> rejects);

// Appends the customer as CustomerText has it, quoted where needed.
void AppendCustomer(int32_t id, const CustomerNames& names, std::string* out);

// Appends `text`, quoted when it holds a comma, a quote, CR or LF.
void AppendCsvField(std::string_view text, std::string* out);

// Appends the shortest text that reads back as `value`; plain digits from 1e-5 to 1e15, else
// with an exponent. NaN is empty, infinities are "inf" and "-inf".
void AppendCsvNumber(double value, std::string* out);

// Writes `bytes` as cairn::OutputFile does: a reader sees the old or the new content, and a link,
// a pipe or a device keeps its place. Unlike cairn::WriteFileAtomically it does not wait for the
// disk: what the pipeline leaves in --out can be computed again. Errors are those of
// cairn::FileError; a file is then as it was.
absl::Status WriteOutputFile(const std::string& path, std::string_view bytes);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_TABLE_CSV_H_
