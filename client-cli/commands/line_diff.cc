#include "client-cli/commands/line_diff.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace cairn::cli {
namespace {

using DiffLines = std::vector<std::string_view>;

constexpr size_t kMaxCells = size_t{4} << 20;

struct DiffLine {
  char mark;  // ' ', '-' or '+'
  std::string_view text;
};

DiffLines SplitLines(std::string_view text) {
  DiffLines lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// The longest common part of what lies between [first, last) of both.
void AddMiddle(const DiffLines& from, size_t from_end, const DiffLines& to, size_t to_end,
               size_t first, std::vector<DiffLine>& out) {
  const size_t rows = from_end - first;
  const size_t columns = to_end - first;
  const bool too_much = rows != 0 && columns > kMaxCells / rows;
  std::vector<uint32_t> lengths(too_much ? 0 : (rows + 1) * (columns + 1));
  const auto length = [&](size_t i, size_t j) -> uint32_t& {
    return lengths[i * (columns + 1) + j];
  };
  if (!too_much) {
    for (size_t i = rows; i-- > 0;) {
      for (size_t j = columns; j-- > 0;) {
        length(i, j) = from[first + i] == to[first + j]
                           ? length(i + 1, j + 1) + 1
                           : std::max(length(i + 1, j), length(i, j + 1));
      }
    }
  }
  size_t i = 0;
  size_t j = 0;
  while (i < rows || j < columns) {
    const bool both = i < rows && j < columns;
    if (!too_much && both && from[first + i] == to[first + j]) {
      out.push_back({' ', from[first + i]});
      ++i;
      ++j;
    } else if (i < rows && (!both || too_much || length(i + 1, j) >= length(i, j + 1))) {
      out.push_back({'-', from[first + i++]});
    } else {
      out.push_back({'+', to[first + j++]});
    }
  }
}

std::vector<DiffLine> CompareLines(const DiffLines& from, const DiffLines& to) {
  size_t first = 0;
  while (first < from.size() && first < to.size() && from[first] == to[first]) ++first;
  size_t same = 0;
  while (same < from.size() - first && same < to.size() - first &&
         from[from.size() - 1 - same] == to[to.size() - 1 - same]) {
    ++same;
  }
  std::vector<DiffLine> lines;
  for (size_t i = 0; i < first; ++i) lines.push_back({' ', from[i]});
  AddMiddle(from, from.size() - same, to, to.size() - same, first, lines);
  for (size_t i = from.size() - same; i < from.size(); ++i) lines.push_back({' ', from[i]});
  return lines;
}

}  // namespace

std::string LineDiff(std::string_view from, std::string_view to, size_t context) {
  const std::vector<DiffLine> lines = CompareLines(SplitLines(from), SplitLines(to));
  std::vector<bool> shown(lines.size());
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].mark == ' ') continue;
    const size_t begin = i > context ? i - context : 0;
    const size_t end = std::min(lines.size(), i + context + 1);
    std::fill(shown.begin() + static_cast<std::ptrdiff_t>(begin),
              shown.begin() + static_cast<std::ptrdiff_t>(end), true);
  }
  std::string text;
  bool gap = false;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!shown[i]) {
      gap = !text.empty();
      continue;
    }
    if (gap) text += "...\n";
    gap = false;
    text += lines[i].mark;
    text += lines[i].text;
    text += '\n';
  }
  return text;
}

}  // namespace cairn::cli
