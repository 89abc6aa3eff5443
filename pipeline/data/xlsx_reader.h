#ifndef CAIRN_PIPELINE_DATA_XLSX_READER_H_
#define CAIRN_PIPELINE_DATA_XLSX_READER_H_

// Reads transactions from all sheets of an .xlsx workbook that have the header.
//
// The header may stand below a title, in the first kMaxTitleRows rows with text. Sheets without it
// (covers, notes, empty sheets), hidden sheets and chart sheets are stepped over and named; a sheet
// with half a header is an error, since its rows would be lost. The setting `input.sheet` reads one
// sheet only, hidden or not. Numbers have the form of the workbook whatever the dialect; dates and
// numbers written as text follow it. TRUE and FALSE are words, not numbers.
//
// The sheet's XML is parsed as a stream: memory grows with the table, never with the XML. Shared
// and inline strings, numbers, ISO dates and Excel serials of both epochs are understood; formats
// and formulas are ignored, a formula's stored result is taken.

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "pipeline/data/load.h"
#include "pipeline/data/zip_archive.h"

namespace cairn::pipeline {

// Bounds on what one workbook may hold; a breach is kResourceExhausted, INPUT_TOO_LARGE.
inline constexpr uint64_t kMaxSharedStringBytes = uint64_t{1} << 30;
inline constexpr size_t kMaxCellBytes = size_t{1} << 16;
inline constexpr int kMaxSheetColumns = 16'384;

// Rows with text above a header, at most.
inline constexpr int kMaxTitleRows = 50;

// Loads the transactions of a workbook. Errors are those of LoadTransactions, without the share
// of rejected rows being judged.
absl::StatusOr<LoadedTransactions> ReadXlsx(const ZipArchive& archive, const LoadOptions& options);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_XLSX_READER_H_
