#ifndef CAIRN_CLIENT_CLI_CLI_ALIGNED_TEXT_H_
#define CAIRN_CLIENT_CLI_CLI_ALIGNED_TEXT_H_

#include <cstddef>
#include <string>
#include <vector>

namespace cairn::cli {

// A column as a terminal is to show it: printable text, and how it may shrink.
struct TextColumn {
  std::string title;
  std::vector<std::string> cells;  // one for each row
  bool right = false;              // stands to the right
  bool whole = false;              // ids and numbers: a cut one would be wrong, so none is
  bool prose = false;              // goes on in the next line rather than be cut
};

// What was made of columns.
struct AlignedText {
  std::string text;            // lines, each ended
  std::vector<size_t> hidden;  // indices of columns that found no room, ascending
};

struct AlignOptions {
  bool headers = true;
  bool bold_headers = false;
  // Columns of the terminal; 0: as many as it takes.
  size_t width = 0;
  // Whether columns that find no room are left out. If not, and for a first column that alone is
  // too wide, each row becomes a block of lines "TITLE  value".
  bool may_hide = true;
};

// Columns side by side, two spaces between them, no line wider than the terminal unless a single
// word is. Where they do not fit, in this order: titles fold at their first dot into two lines;
// text is cut, the widest column first, to no less than eight columns and with "…" at the end, and
// prose is wrapped, to no less than twenty-four; the last columns are hidden. Widths are those of
// the terminal, not bytes. Pure.
AlignedText Align(const std::vector<TextColumn>& columns, const AlignOptions& options);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_CLI_ALIGNED_TEXT_H_
