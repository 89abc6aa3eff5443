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

// The table as text, each line ended; empty for no rows and no headers.
//
// A table that is too wide has its widest columns cut, the first one last. CSV
// follows RFC 4180; in tab-separated text control characters become spaces.
// INVALID_ARGUMENT (VALUE_INVALID) for an unknown column, naming those there are.
// Pure.
absl::StatusOr<std::string> Render(Table table, const TableOptions& options);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_CLI_TABLE_H_
