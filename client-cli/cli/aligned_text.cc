#include "client-cli/cli/aligned_text.h"

#include <algorithm>
#include <numeric>

#include "client-cli/cli/terminal.h"

namespace cairn::cli {
namespace {

constexpr size_t kGap = 2;
constexpr size_t kNarrowest = 8;
constexpr size_t kNarrowestProse = 24;

// A title in the lines of the header: one, or two when it is folded.
struct Title {
  std::string upper;
  std::string lower;
};

// How wide a column wants to be, and what it can be cut to.
struct Need {
  size_t width = 0;
  size_t least = 0;
};

Title TitleOf(const TextColumn& column, bool fold) {
  const size_t dot = column.title.find('.');
  if (!fold || dot == std::string::npos) return {column.title, ""};
  return {column.title.substr(0, dot + 1), column.title.substr(dot + 1)};
}

Need NeedOf(const TextColumn& column, const AlignOptions& options, bool fold) {
  Need need;
  if (options.headers) {
    const Title title = TitleOf(column, fold);
    need.width = std::max(DisplayWidth(title.upper), DisplayWidth(title.lower));
  }
  for (const std::string& cell : column.cells) {
    need.width = std::max(need.width, DisplayWidth(cell));
  }
  const size_t narrowest = column.prose ? kNarrowestProse : kNarrowest;
  need.least = column.whole ? need.width : std::min(need.width, narrowest);
  return need;
}

std::vector<Need> NeedsOf(const std::vector<TextColumn>& columns, const AlignOptions& options,
                          bool fold) {
  std::vector<Need> needs;
  for (const TextColumn& column : columns) needs.push_back(NeedOf(column, options, fold));
  return needs;
}

size_t Total(const std::vector<Need>& needs, size_t Need::*width) {
  const size_t gaps = needs.empty() ? 0 : kGap * (needs.size() - 1);
  return std::accumulate(needs.begin(), needs.end(), gaps,
                         [&](size_t sum, const Need& need) { return sum + need.*width; });
}

// Takes back what goes beyond `limit`, of the widest and last first. The least widths fit.
void Cut(std::vector<Need>& needs, size_t limit) {
  for (size_t total = Total(needs, &Need::width); total > limit; --total) {
    Need* widest = nullptr;
    for (Need& need : needs) {
      const bool can_shrink = need.width > need.least;
      if (can_shrink && (widest == nullptr || need.width >= widest->width)) widest = &need;
    }
    --widest->width;
  }
}

std::string Pad(const std::string& text, size_t width, bool right) {
  const size_t used = DisplayWidth(text);
  const std::string space(used < width ? width - used : 0, ' ');
  return right ? space + text : text + space;
}

// One line of the texts that `text_of` gives for the indices of the columns with a width.
template <typename TextOf>
std::string Line(const std::vector<TextColumn>& columns, const std::vector<Need>& needs,
                 const TextOf& text_of) {
  std::string line;
  for (size_t i = 0; i < needs.size(); ++i) {
    if (i > 0) line += std::string(kGap, ' ');
    line += Pad(Truncate(text_of(i), needs[i].width), needs[i].width, columns[i].right);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string Header(const std::vector<TextColumn>& columns, const std::vector<Need>& needs,
                   const AlignOptions& options, bool fold) {
  const auto styled = [&](const std::string& line) {
    return options.bold_headers ? "\x1b[1m" + line + "\x1b[0m\n" : line + "\n";
  };
  std::string text =
      styled(Line(columns, needs, [&](size_t i) { return TitleOf(columns[i], fold).upper; }));
  const std::string lower =
      Line(columns, needs, [&](size_t i) { return TitleOf(columns[i], fold).lower; });
  return lower.empty() ? text : text + styled(lower);
}

// The lines of one row: one, or as many as its longest prose takes.
std::string RowLines(const std::vector<TextColumn>& columns, const std::vector<Need>& needs,
                     size_t row) {
  std::vector<std::vector<std::string>> cells;
  size_t lines = 1;
  for (size_t i = 0; i < needs.size(); ++i) {
    const std::string& cell = columns[i].cells[row];
    cells.push_back(columns[i].prose ? WrapWords(cell, needs[i].width)
                                     : std::vector<std::string>{cell});
    lines = std::max(lines, cells.back().size());
  }
  std::string text;
  for (size_t line = 0; line < lines; ++line) {
    text += Line(columns, needs,
                 [&](size_t i) { return line < cells[i].size() ? cells[i][line] : std::string(); });
    text += "\n";
  }
  return text;
}

// The first columns, as many as there are widths for.
std::string SideBySide(const std::vector<TextColumn>& columns, const std::vector<Need>& needs,
                       const AlignOptions& options, bool fold) {
  std::string text;
  if (options.headers) text += Header(columns, needs, options, fold);
  const size_t rows = columns.empty() ? 0 : columns[0].cells.size();
  for (size_t row = 0; row < rows; ++row) text += RowLines(columns, needs, row);
  return text;
}

// Each row as lines of its own, an empty line between rows.
std::string Blocks(const std::vector<TextColumn>& columns, const AlignOptions& options) {
  size_t widest = 0;
  for (const TextColumn& column : columns) widest = std::max(widest, DisplayWidth(column.title));
  std::string text;
  for (size_t row = 0; row < columns[0].cells.size(); ++row) {
    if (row > 0) text += "\n";
    for (const TextColumn& column : columns) {
      const std::string title = Pad(column.title, widest, false);
      text += options.bold_headers ? "\x1b[1m" + title + "\x1b[0m" : title;
      text += std::string(kGap, ' ') + column.cells[row] + "\n";
    }
  }
  return text;
}

}  // namespace

AlignedText Align(const std::vector<TextColumn>& columns, const AlignOptions& options) {
  std::vector<Need> needs = NeedsOf(columns, options, /*fold=*/false);
  if (options.width == 0 || Total(needs, &Need::width) <= options.width) {
    return {SideBySide(columns, needs, options, /*fold=*/false), {}};
  }
  needs = NeedsOf(columns, options, /*fold=*/true);
  AlignedText aligned;
  while (options.may_hide && needs.size() > 1 && Total(needs, &Need::least) > options.width) {
    needs.pop_back();
    aligned.hidden.insert(aligned.hidden.begin(), needs.size());
  }
  if (Total(needs, &Need::least) > options.width) return {Blocks(columns, options), {}};
  Cut(needs, options.width);
  aligned.text = SideBySide(columns, needs, options, /*fold=*/true);
  return aligned;
}

}  // namespace cairn::cli
