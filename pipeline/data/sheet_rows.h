#ifndef CAIRN_PIPELINE_DATA_SHEET_ROWS_H_
#define CAIRN_PIPELINE_DATA_SHEET_ROWS_H_

// Rows of a sheet as spreadsheet programs write them, read without an XML parser.
//
// Nearly all of a workbook is one row like the other, and a parser that must be ready for every
// document spends most of the time on what never comes. A plain row has elements <row>, <c>, <v>,
// <is> and <t> without prefixes, attributes in double quotes, none of them twice, and printable
// ASCII without references. Whatever else a row has, also if it is allowed, is left to the parser:
// the scanner says only that the row is not plain, never that it is wrong. A row that it takes is
// well-formed.

#include <cstddef>
#include <string_view>
#include <vector>

namespace cairn::pipeline {

// One <c>. Views into the scanned text; empty where there is no such attribute or text.
struct PlainCell {
  std::string_view reference;  // r
  std::string_view type;       // t
  std::string_view value;      // The text of <v> or <is><t>.
};

struct PlainRow {
  std::string_view number;  // r
  std::vector<PlainCell> cells;
};

enum class PlainRowResult {
  kRow,       // A whole row was read.
  kEnds,      // The text ends before it is certain.
  kNotPlain,  // Anything else, also the end of the sheet.
};

// Reads one row from the front of *text, blanks before it included, and takes it off. *text stays
// as it is unless the result is kRow; *row has meaning only then.
PlainRowResult ScanPlainRow(std::string_view* text, PlainRow* row);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_SHEET_ROWS_H_
