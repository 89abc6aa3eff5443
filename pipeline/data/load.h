#ifndef CAIRN_PIPELINE_DATA_LOAD_H_
#define CAIRN_PIPELINE_DATA_LOAD_H_

// From a file to a TransactionTable: the pipeline's first stage.
//
// Accepted: CSV (RFC 4180; dialect.h says in which encodings, separators, marks and orders of
// dates), plain or packed as .gz, .zst or .zip, and .xlsx, also inside a .zip as UCI serves it.
// Columns are found by header, without case or punctuation: InvoiceNo (Invoice), StockCode,
// Description, Quantity, InvoiceDate, UnitPrice (Price), CustomerID (Customer ID), Country. Other
// columns are ignored.
//
// Invoices, product codes, descriptions and countries are trimmed; an invoice that begins with a
// small c begins with C; product codes or countries that differ in case only
// are one, spelt as first met. Customers are whole numbers or
// texts; words for "missing" (dialect.h) make a customer or description missing, and so does
// customer 0, with a warning. A record without any text is no row.
//
// A row with a field that cannot be read is set aside with line, column, value and reason; the
// rest of the file still loads. Nothing is dropped without being counted. The result does not
// depend on the number of threads.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pipeline/data/byte_source.h"
#include "pipeline/data/dialect.h"
#include "pipeline/data/load_meter.h"
#include "pipeline/data/set_aside.h"
#include "pipeline/data/transaction_table.h"

namespace cairn::pipeline {

struct LoadOptions {
  // 1..64; 0 = one per processor, at most 8.
  int threads = 0;
  // Largest share of rejected rows among the rows read, 0..1; 1 accepts any number.
  double max_reject_share = 0.01;
  DialectSettings dialect;
  // Rejected rows kept with their text; further ones are only counted.
  size_t max_kept_rejects = 1'000'000;
  InputLimits limits;
  LoadWatch watch;  // Empty: nobody waits.
};

// Why a row was set aside.
struct RejectedRow {
  uint64_t line = 0;   // Of the file (CSV, header = 1) or row of the sheet (xlsx), 1-based.
  std::string column;  // Canonical name (CustomerID, …); empty when the row as a whole is bad.
  std::string value;   // As found, UTF-8, at most 200 bytes.
  std::string reason;  // In words: "not a whole number".

  bool operator==(const RejectedRow&) const = default;
};

struct LoadedTransactions {
  TransactionTable table;
  std::vector<RejectedRow> rejects;  // By line.
  uint64_t rows_read = 0;            // Rows of data: accepted + rejected. Blank lines are none.
  uint64_t rows_rejected = 0;
  uint64_t file_bytes = 0;      // On disk.
  uint64_t unpacked_bytes = 0;  // Of text or XML that was parsed.
  std::string format;           // "csv", "csv.gzip", "csv.zstd", "csv.zip", "xlsx" or "xlsx.zip".
  bool transcoded = false;      // Text was not UTF-8.
  // What was decided about the whole file, in one line without its end.
  std::string dialect;
  // What a careful reader should know, a sentence each.
  std::vector<std::string> warnings;
};

// Loads `path`, a file, a pipe or "-" (byte_source.h). Errors, with their kind (input_error.h):
//   kNotFound           the file does not exist (no kind)
//   kInvalidArgument    INPUT_UNREADABLE: empty, binary or unsupported;
//                       COLUMN_MISSING: names the column and the header that was found;
//                       DIALECT_AMBIGUOUS: names the setting that decides (dialect.h);
//                       TOO_MANY_REJECTS: counts and the first examples
//   kFailedPrecondition INPUT_CHANGED: somebody wrote to the file meanwhile
//   kDataLoss           INPUT_DAMAGED: packed bytes are damaged or cut off
//   kResourceExhausted  INPUT_TOO_LARGE: a limit of InputLimits is passed
absl::StatusOr<LoadedTransactions> LoadTransactions(const std::string& path,
                                                    const LoadOptions& options = {});

// The same for an input that was read already, which stays as it is. Packed text is unpacked as it
// is parsed, so that neither it nor a large file is ever in memory as a whole.
absl::StatusOr<LoadedTransactions> LoadTransactions(const InputBytes& input,
                                                    const LoadOptions& options = {});

// The same for bytes in memory, whatever they are packed in. Needs no file.
absl::StatusOr<LoadedTransactions> LoadTransactionsFromBytes(std::string_view bytes,
                                                             const LoadOptions& options = {});

// The rejected rows as a reason, or nothing when there are none.
std::vector<SetAside> RejectedRows(const LoadedTransactions& loaded);

// The rule behind TOO_MANY_REJECTS, for a caller that loads with max_reject_share = 1 so as to
// write rejects.csv before it gives up.
absl::Status CheckRejectShare(const LoadedTransactions& loaded, double max_reject_share);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_LOAD_H_
