#include "pipeline/report/charts/svg_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace cairn::pipeline {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool IsContinuation(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

// The length of the character that `text` begins with, 0 if it is none that XML allows.
size_t AllowedLength(std::string_view text) {
  const auto first = static_cast<uint8_t>(text[0]);
  if (first < 0x80) return first >= 0x20 || first == '\t' || first == '\n' || first == '\r';
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  uint32_t code = first & (0xFFU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text[i])) return 0;
    code = code << 6 | (static_cast<uint8_t>(text[i]) & 0x3FU);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return overlong || surrogate || code == 0xFFFE || code == 0xFFFF || code > 0x10FFFF ? 0 : length;
}

std::string_view EntityOf(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

}  // namespace

void AppendEscaped(std::string_view text, std::string* out) {
  while (!text.empty()) {
    const size_t length = AllowedLength(text);
    if (length == 0) {
      out->append(kReplacement);
      text.remove_prefix(1);
      continue;
    }
    const std::string_view entity = EntityOf(text[0]);
    out->append(entity.empty() ? text.substr(0, length) : entity);
    text.remove_prefix(length);
  }
}

std::string EscapeMarkup(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  AppendEscaped(text, &out);
  return out;
}

size_t CharacterCount(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); }));
}

std::string Ellipsis(std::string_view text, size_t characters) {
  if (CharacterCount(text) <= characters) return std::string(text);
  size_t end = 0;
  for (size_t kept = 0; end < text.size(); ++end) {
    if (!IsContinuation(text[end]) && kept++ + 1 >= characters) break;
  }
  std::string_view head = text.substr(0, end);
  while (head.ends_with(' ')) head.remove_suffix(1);
  return std::string(head) + "…";
}

double TextWidth(std::string_view text, double size) {
  return 0.56 * size * static_cast<double>(CharacterCount(text));
}

void AppendCoordinate(double value, std::string* out) {
  if (std::isnan(value)) value = 0;
  const auto tenths = static_cast<int64_t>(std::lround(std::clamp(value, -1e5, 1e5) * 10));
  char buffer[24];
  char* end = buffer;
  if (tenths < 0) *end++ = '-';
  const int64_t size = tenths < 0 ? -tenths : tenths;
  end = std::to_chars(end, buffer + sizeof buffer, size / 10).ptr;
  if (size % 10 != 0) {
    *end++ = '.';
    *end++ = static_cast<char>('0' + size % 10);
  }
  out->append(buffer, end);
}

}  // namespace cairn::pipeline
