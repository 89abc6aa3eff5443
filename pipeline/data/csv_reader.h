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
};

// Parses the text of `feed`, which may still be arriving. A plan without cuts parses on the
// calling thread as bytes arrive; a plan with cuts waits for all of them. Errors are those of
// LoadTransactions, without the share of rejected rows being judged. Not thread-safe for one
// feed.
absl::StatusOr<LoadedTransactions> ReadCsv(ByteFeed& feed, const LoadOptions& options,
                                           const CsvPlan& plan);

// Cuts for `threads` parts of equal size.
std::vector<size_t> EvenCuts(size_t size, int threads);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_CSV_READER_H_
