#include "server/gateway/json_text.h"

#include <cmath>
#include <iterator>

#include "fmt/format.h"

namespace cairn::gateway {
namespace {

void AppendJsonEscape(char c, std::string& json) {
  switch (c) {
    case '"':
    case '\\':
      json += {'\\', c};
      return;
    case '\n':
      json += "\\n";
      return;
    case '\r':
      json += "\\r";
      return;
    case '\t':
      json += "\\t";
      return;
    default:
      fmt::format_to(std::back_inserter(json), "\\u{:04x}", static_cast<unsigned char>(c));
  }
}

bool IsPlainJson(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\' && c != 0x7f;
}

}  // namespace

void AppendJsonString(std::string_view text, std::string& json) {
  json += '"';
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    while (end < text.size() && IsPlainJson(text[end])) ++end;
    json.append(text.substr(at, end - at));
    if (end < text.size()) AppendJsonEscape(text[end++], json);
    at = end;
  }
  json += '"';
}

void AppendJsonDouble(double value, std::string& json) {
  if (std::isfinite(value)) {
    fmt::format_to(std::back_inserter(json), "{}", value);
  } else {
    json += std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  }
}

}  // namespace cairn::gateway
