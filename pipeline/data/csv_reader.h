#ifndef CAIRN_PIPELINE_DATA_CSV_READER_H_
#define CAIRN_PIPELINE_DATA_CSV_READER_H_

// Reads transactions from CSV text.
//
// RFC 4180, with the usual leniency: lines end in LF or CRLF, blank lines are skipped, a quote
// inside an unquoted field is an ordinary character, the last line may lack its end. A field that
// opens a quote and does not close it properly costs its own line only: reading resumes at the
// next line feed. A record longer than kMaxRecordBytes is rejected in the same way.
//
// lib/tables has the reader for tables that are only looked at: strict, of any width, in the memory
// of one record. Why these are two is said there.

#include <cstddef>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pipeline/data/byte_feed.h"
#include "pipeline/data/csv_scan.h"
#include "pipeline/data/load.h"

namespace cairn::pipeline {

inline constexpr size_t kMaxRecordBytes = size_t{1} << 20;

// How the work is divided; for tests and measurements, the result never depends on it.
struct CsvPlan {
  // Offsets at which the text is cut into parts that are parsed in parallel, ascending. Need not
  // fall on line ends.
  std::vector<size_t> cuts;
  ScanLevel level = BestScanLevel();
  // Bytes examined at a time, >= 1.
  size_t window = size_t{64} << 10;
  // About how many rows there are, or with cuts how many bytes, where that can be guessed: room is
  // made for them.
  size_t expected_rows = 0;
  size_t expected_bytes = 0;
};

// Text that can be had from its start again: a dialect that turns out to be another one is found
// at the end, and the text need not be in memory till then.
class CsvText {
 public:
  virtual ~CsvText() = default;

  // Calls `use` once with a feed of all of the text, as UTF-8 when it is `utf16`. Returns what went
  // wrong with the text, which explains any complaint of `use`, or else what `use` returned.
  virtual absl::Status Read(bool utf16, absl::FunctionRef<absl::Status(ByteFeed&)> use) = 0;
};

// Parses `text`, whose feeds may still be arriving: a part is parsed as its bytes arrive, and
// without cuts on the calling thread. A plan with cuts must not be given rings.
// Errors are those of LoadTransactions, without the share of rejected rows being judged. Not
// thread-safe for one text.
absl::StatusOr<LoadedTransactions> ReadCsv(CsvText& text, const LoadOptions& options,
                                           const CsvPlan& plan);

// The same for one feed, which is no ring.
absl::StatusOr<LoadedTransactions> ReadCsv(ByteFeed& feed, const LoadOptions& options,
                                           const CsvPlan& plan);

// Cuts for `threads` parts of equal size.
std::vector<size_t> EvenCuts(size_t size, int threads);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_CSV_READER_H_
