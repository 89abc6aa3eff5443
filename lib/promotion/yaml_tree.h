#ifndef CAIRN_LIB_PROMOTION_YAML_TREE_H_
#define CAIRN_LIB_PROMOTION_YAML_TREE_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cairn::promotion {

// Where a part began in the text, from 1. Never part of what it says.
struct TextPosition {
  int line = 0;
  int column = 0;
  friend bool operator==(const TextPosition&, const TextPosition&) { return true; }
};

// A YAML document as a plain tree in which everything knows where it stood.
//
// yaml-cpp's own nodes lose duplicate keys and follow aliases; here duplicates
// survive until they are refused by name, and anchors are refused at once, so
// the tree is never larger than the text. yaml-cpp's exceptions end here.
struct YamlEntry;
// Owns its children. Fields of other kinds than its own are empty.
struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMap };
  Kind kind = Kind::kNull;
  std::string text;                // scalars
  bool quoted = false;             // scalars written in quotes or as blocks
  std::vector<YamlNode> items;     // sequences
  std::vector<YamlEntry> entries;  // maps, in order
  TextPosition position;
};

// One entry of a map.
struct YamlEntry {
  YamlNode key;
  YamlNode value;
};

// Reads exactly one document. INVALID_ARGUMENT (POLICY_INVALID) with `line` and
// `column` for broken YAML, more than one document, anchors or too much depth.
// `max_depth` bounds nesting, so that no text exhausts the stack.
absl::StatusOr<YamlNode> ParseYaml(std::string_view text, int max_depth);

// A node with the dot path that leads to it, for errors. The tree must outlive it.
struct YamlField {
  const YamlNode* node = nullptr;
  std::string path;
};

// POLICY_INVALID at `field`; `suggestion` may be empty. Names line, column, path and
// problem in message and metadata.
absl::Status InvalidPolicy(const YamlField& field, std::string_view problem,
                           std::string_view suggestion = "");

// POLICY_UNSUPPORTED at `field`; `instead` says what to write.
absl::Status UnsupportedPolicy(const YamlField& field, std::string_view instead);

// A name that the language has but this server cannot act on yet. Such a name gets an
// error of its own: whoever wrote it read of it somewhere.
struct Unsupported {
  std::string_view name;
  std::string_view instead;
};

// The entries of a map whose names have been checked. Points into the tree, which must
// outlive it.
class YamlMap {
 public:
  // POLICY_INVALID: not a map, a name twice, or a name that is neither in `known` nor
  // in `unsupported` (the nearest is suggested). An empty `known` accepts every name.
  // POLICY_UNSUPPORTED: a name in `unsupported`. Names are looked at in the order of
  // the text, and the first wrong one is told.
  static absl::StatusOr<YamlMap> Open(const YamlField& field,
                                      std::span<const std::string_view> known,
                                      std::span<const Unsupported> unsupported = {});

  // The entry called `name`; null if it is absent.
  const YamlField* Find(std::string_view name) const;

  // The same, or POLICY_INVALID at the map.
  absl::StatusOr<YamlField> Require(std::string_view name) const;

  const YamlField& self() const { return self_; }

 private:
  YamlField self_;
  std::map<std::string, YamlField, std::less<>> entries_;
};

// Typed reading; each is POLICY_INVALID at the field if it is something else. A number
// without quotes is a text too.
absl::StatusOr<std::string> ReadText(const YamlField& field);
absl::StatusOr<double> ReadNumber(const YamlField& field);  // finite, -0 becomes 0
absl::StatusOr<int64_t> ReadInteger(const YamlField& field, int64_t min, int64_t max);
// Each item with its own path, `gates[2]`.
absl::StatusOr<std::vector<YamlField>> ReadSequence(const YamlField& field);

// One of `names`; returns its index.
absl::StatusOr<size_t> ReadChoice(const YamlField& field, std::span<const std::string_view> names,
                                  std::span<const Unsupported> unsupported = {});

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_YAML_TREE_H_
