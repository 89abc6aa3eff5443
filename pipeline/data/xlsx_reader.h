#ifndef CAIRN_PIPELINE_DATA_XLSX_READER_H_
#define CAIRN_PIPELINE_DATA_XLSX_READER_H_

// Reads transactions from the first sheet of an .xlsx workbook.
//
// The sheet's XML is parsed as a stream: memory grows with the table, never with the XML. Shared
// and inline strings, numbers, ISO dates and Excel serials of both epochs are understood; formats
// and formulas are ignored, a formula's stored result is taken.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pipeline/data/dates.h"
#include "pipeline/data/load.h"
#include "pipeline/data/zip_archive.h"

namespace cairn::pipeline {

// Bounds on what one workbook may hold; a breach is kResourceExhausted, INPUT_TOO_LARGE.
inline constexpr uint64_t kMaxSharedStringBytes = uint64_t{1} << 30;
inline constexpr size_t kMaxCellBytes = size_t{1} << 16;
inline constexpr int kMaxSheetColumns = 16'384;

// Receives one row: its number on the sheet (1-based) and the text of its cells by column, empty
// where a cell is absent. An error ends the reading and is returned.
using SheetRowSink = std::function<absl::Status(uint64_t row, const std::vector<std::string>&)>;

// What the sheet's rows were read with.
struct SheetInfo {
  ExcelEpoch epoch = ExcelEpoch::k1900;
  uint64_t xml_bytes = 0;  // Of all parts that were parsed.
};

// Streams the first sheet's rows to `sink`. kInvalidArgument, kind INPUT_UNREADABLE, when a part
// is missing or is not well-formed; errors of ZipArchive and of `sink` pass through. `epoch` is
// called once before the first row.
absl::StatusOr<SheetInfo> ReadFirstSheet(const ZipArchive& archive,
                                         const std::function<void(ExcelEpoch)>& epoch,
                                         const SheetRowSink& sink);

// Loads the transactions of a workbook. Errors are those of LoadTransactions, without the share
// of rejected rows being judged.
absl::StatusOr<LoadedTransactions> ReadXlsx(const ZipArchive& archive, const LoadOptions& options);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_XLSX_READER_H_
