#ifndef CAIRN_LIB_PROMOTION_YAML_LINES_H_
#define CAIRN_LIB_PROMOTION_YAML_LINES_H_

#include <string>
#include <string_view>

namespace cairn::promotion {

// The text as a double-quoted YAML scalar: the one form that can hold any text. Quotes
// and backslashes are escaped, and control characters written as \xNN.
std::string QuotedYaml(std::string_view text);

// Writes `key: value` lines with a fixed indent: one map, or one item of a list,
// whose first line carries the dash.
//
// Values are written as they are given: quoted where they are text. The same
// calls give the same bytes, which is what digests of policies rest on.
class YamlLines {
 public:
  // Appends to `out`, which outlives this.
  YamlLines(std::string& out, int indent, bool item = false)
      : out_(out), indent_(indent), dash_(item) {}

  // An empty value opens a map or list below the key.
  void Add(std::string_view key, std::string_view value);

 private:
  std::string& out_;
  const int indent_;
  bool dash_;                       // the next line is the first of an item
  std::string_view item_pad_ = "";  // stands where the dash stood
};

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_YAML_LINES_H_
