#ifndef CAIRN_LIB_COMMAND_LINE_TEXT_WIDTH_H_
#define CAIRN_LIB_COMMAND_LINE_TEXT_WIDTH_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::command_line {

// How texts fill a terminal. All are pure, and take bytes that are no UTF-8 as they come: names of
// files may hold any.

// How many columns a UTF-8 text takes: one for each code point, none for
// combining marks, two for East Asian wide characters and emoji.
size_t DisplayWidth(std::string_view text);

// The beginning of `text` that fits into `width` columns, ended with "…" when
// something was cut.
std::string Truncate(std::string_view text, size_t width);

// `text` in lines of at most `width` columns, broken at spaces; a longer word has a line of its
// own. One empty line for the empty text.
std::vector<std::string> WrapWords(std::string_view text, size_t width);

}  // namespace cairn::command_line

#endif  // CAIRN_LIB_COMMAND_LINE_TEXT_WIDTH_H_
