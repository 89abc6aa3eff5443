#include "lib/promotion/yaml_lines.h"

#include "fmt/format.h"

namespace cairn::promotion {

std::string QuotedYaml(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

void YamlLines::Add(std::string_view key, std::string_view value) {
  out_ += fmt::format("{:{}}{}{}:{}{}\n", "", indent_, dash_ ? "- " : item_pad_, key,
                      value.empty() ? "" : " ", value);
  if (dash_) item_pad_ = "  ";
  dash_ = false;
}

}  // namespace cairn::promotion
