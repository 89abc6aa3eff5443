#ifndef CAIRN_CLIENT_CLI_CLI_TABLE_H_
#define CAIRN_CLIENT_CLI_CLI_TABLE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace cairn::cli {

// A column of an answer.
struct Column {
  std::string title;   // "SILHOUETTE"
  bool wide = false;   // shown with -o wide and when asked for by name
  bool right = false;  // numbers stand to the right on a terminal
  bool id = false;     // what a person copies into the next command: never cut
  bool prose = false;  // sentences: on a terminal they go on in the next line
};

// One value: exactly, for machines, and shortly, for people.
struct Cell {
  std::string exact;
  std::string human;  // empty means as exact

  Cell() = default;
  Cell(std::string exact_text, std::string human_text = "")  // NOLINT(google-explicit-constructor)
      : exact(std::move(exact_text)), human(std::move(human_text)) {}
};

// A thing of the answer: what -o name and -q print, and its cells.
struct Row {
  std::string name;  // the resource name
  std::string id;    // the shortest reference a person would use
  std::vector<Cell> cells;
};

// An answer as rows. Value type.
struct Table {
  std::vector<Column> columns;
  std::vector<Row> rows;
  // Beginnings of titles that rows of other answers may have, such as "metrics.": a column so
  // called that is not among `columns` has no value here, and is no mistake.
  std::vector<std::string> families;
};

// How to print a table.
struct TableOptions {
  // table, wide, tsv (tab-separated), csv, md, name or id.
  std::string format = "table";
  bool headers = true;
  // Titles in any case, in the order wanted; empty means those of the format.
  std::vector<std::string> columns;
  // A title; a leading '-' reverses. Empty keeps the order. Numbers sort as such.
  std::string sort_by;
  // Columns of the terminal; 0 cuts nothing.
  size_t width = 0;
  bool human = false;  // people's form of the values
  bool color = false;  // bold headers
};

// A table as text, and what the text does not show of what was asked for.
struct Rendering {
  std::string text;                    // each line ended; empty for no rows and no headers
  std::vector<std::string> hidden;     // titles that found no room on the terminal
  std::vector<std::string> valueless;  // titles that were asked for and that no row has
};

// Renders a table.
//
// On a terminal a table that is too wide is folded, cut and at last lacks its last columns
// (aligned_text.h); ids and numbers are shown whole or not at all. Columns that were asked for by
// name are never hidden: each row then becomes a block of lines. CSV follows RFC 4180; in
// tab-separated text control characters become spaces.
// INVALID_ARGUMENT (VALUE_INVALID) for an unknown column, naming the nearest and those there are.
// Pure.
absl::StatusOr<Rendering> Render(Table table, const TableOptions& options);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_CLI_TABLE_H_
