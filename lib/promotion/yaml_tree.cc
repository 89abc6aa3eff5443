#include "lib/promotion/yaml_tree.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/nearest.h"
#include "lib/base/status_macros.h"
#include "yaml-cpp/eventhandler.h"
#include "yaml-cpp/exceptions.h"
#include "yaml-cpp/mark.h"
#include "yaml-cpp/parser.h"

namespace cairn::promotion {
namespace {

TextPosition PositionOf(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

absl::Status InvalidAt(TextPosition position, std::string_view path, std::string_view problem,
                       std::string_view suggestion) {
  const std::string where = path.empty() ? std::string() : fmt::format("{}: ", path);
  const std::string hint =
      suggestion.empty() ? std::string() : fmt::format("; did you mean \"{}\"?", suggestion);
  Error error(absl::StatusCode::kInvalidArgument, ErrorReason::POLICY_INVALID,
              fmt::format("line {}, column {}: {}{}{}", position.line, position.column, where,
                          problem, hint));
  error.With("line", std::to_string(position.line))
      .With("column", std::to_string(position.column))
      .With("field", path)
      .With("problem", problem)
      .Field(path.empty() ? "source" : path, problem);
  if (!suggestion.empty()) error.With("suggestion", suggestion);
  return error;
}

// Builds the tree from yaml-cpp's events; after the first error it only listens.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(int max_depth) : max_depth_(max_depth) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    CheckAnchor(mark, anchor);
    Add(Leaf(mark, YamlNode::Kind::kNull));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Fail(mark, "aliases are not allowed; write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    CheckAnchor(mark, anchor);
    if (tag != "?" && tag != "!" && !tag.empty()) Fail(mark, "tags are not allowed");
    const bool is_null = tag != "!" && (value.empty() || value == "~" || value == "null");
    YamlNode node = Leaf(mark, is_null ? YamlNode::Kind::kNull : YamlNode::Kind::kScalar);
    node.text = value;
    node.quoted = tag == "!";
    Add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Push(mark, anchor, YamlNode::Kind::kSequence);
  }
  void OnSequenceEnd() override { Pop(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Push(mark, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override { Pop(); }

  const absl::Status& status() const { return status_; }
  YamlNode TakeRoot() { return std::move(root_); }

 private:
  struct Open {
    YamlNode node;
    std::optional<YamlNode> key;
  };

  static YamlNode Leaf(const YAML::Mark& mark, YamlNode::Kind kind) {
    YamlNode node;
    node.kind = kind;
    node.position = PositionOf(mark);
    return node;
  }
  void Fail(const YAML::Mark& mark, std::string_view problem) {
    if (status_.ok()) status_ = InvalidAt(PositionOf(mark), "", problem, "");
  }
  void CheckAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) Fail(mark, "anchors are not allowed; write the value out");
  }
  void Push(const YAML::Mark& mark, YAML::anchor_t anchor, YamlNode::Kind kind) {
    CheckAnchor(mark, anchor);
    ++depth_;
    if (depth_ > max_depth_) Fail(mark, fmt::format("nested deeper than {}", max_depth_));
    if (status_.ok()) open_.push_back({Leaf(mark, kind), std::nullopt});
  }
  void Pop() {
    --depth_;
    if (!status_.ok()) return;
    YamlNode done = std::move(open_.back().node);
    open_.pop_back();
    Add(std::move(done));
  }
  void Add(YamlNode node) {
    if (!status_.ok()) return;
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& top = open_.back();
    if (top.node.kind == YamlNode::Kind::kSequence) {
      top.node.items.push_back(std::move(node));
    } else if (!top.key) {
      top.key = std::move(node);
    } else {
      top.node.entries.push_back({std::move(*top.key), std::move(node)});
      top.key.reset();
    }
  }

  int max_depth_;
  int depth_ = 0;
  std::vector<Open> open_;
  YamlNode root_;
  absl::Status status_;
};

std::string_view SyntaxHint(std::string_view message) {
  return message == YAML::ErrorMsg::CHAR_IN_BLOCK
             ? "; a condition stands in quotes: pass: \">= 0.2\""
             : "";
}

std::string Shown(std::string_view text) {
  constexpr size_t kMaxShownBytes = 80;
  return text.size() <= kMaxShownBytes ? std::string(text)
                                       : std::string(text.substr(0, kMaxShownBytes)) + "...";
}

const Unsupported* FindUnsupported(std::string_view name, std::span<const Unsupported> list) {
  const auto it =
      std::find_if(list.begin(), list.end(), [&](const Unsupported& u) { return u.name == name; });
  return it == list.end() ? nullptr : &*it;
}

}  // namespace

absl::StatusOr<YamlNode> ParseYaml(std::string_view text, int max_depth) {
  if (!IsValidUtf8(text)) return InvalidAt({1, 1}, "", "the text is not UTF-8", "");
  std::istringstream stream{std::string(text)};
  TreeBuilder builder(max_depth);
  TreeBuilder rest(max_depth);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return InvalidAt({1, 1}, "", "it is empty", "");
    CAIRN_RETURN_IF_ERROR(builder.status());
    if (parser.HandleNextDocument(rest)) {
      const TextPosition second = rest.TakeRoot().position;
      return InvalidAt({std::max(second.line, 1), std::max(second.column, 1)}, "",
                       "only one document is allowed", "");
    }
  } catch (const YAML::Exception& e) {
    return InvalidAt(PositionOf(e.mark), "",
                     fmt::format("this is not YAML: {}{}", e.msg, SyntaxHint(e.msg)), "");
  } catch (const std::exception&) {
    return InvalidAt({1, 1}, "", "this is not YAML", "");
  }
  return builder.TakeRoot();
}

absl::Status InvalidPolicy(const YamlField& field, std::string_view problem,
                           std::string_view suggestion) {
  return InvalidAt(field.node->position, field.path, problem, suggestion);
}

absl::Status UnsupportedPolicy(const YamlField& field, std::string_view instead) {
  const TextPosition at = field.node->position;
  const std::string problem = fmt::format("not supported by this server yet; {}", instead);
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::POLICY_UNSUPPORTED,
               fmt::format("line {}, column {}: {}: {}", at.line, at.column, field.path, problem))
      .With("line", std::to_string(at.line))
      .With("column", std::to_string(at.column))
      .With("field", field.path)
      .With("problem", problem)
      .With("instead", instead)
      .Precondition("POLICY_UNSUPPORTED", field.path, problem);
}

absl::StatusOr<YamlMap> YamlMap::Open(const YamlField& field,
                                      std::span<const std::string_view> known,
                                      std::span<const Unsupported> unsupported) {
  if (field.node->kind != YamlNode::Kind::kMap) {
    return InvalidPolicy(field, fmt::format("must be a map with {}", fmt::join(known, ", ")));
  }
  YamlMap map;
  map.self_ = field;
  for (const auto& [key, value] : field.node->entries) {
    const std::string name = key.kind == YamlNode::Kind::kScalar ? key.text : std::string();
    const YamlField at_key{&key, field.path.empty() ? name : field.path + "." + Shown(name)};
    if (name.empty()) return InvalidPolicy(at_key, "a field's name must be a word");
    if (const auto* later = FindUnsupported(name, unsupported)) {
      return UnsupportedPolicy(at_key, later->instead);
    }
    if (!known.empty() && std::find(known.begin(), known.end(), name) == known.end()) {
      return InvalidPolicy(at_key, "unknown field", Nearest(name, known));
    }
    if (!map.entries_.emplace(name, YamlField{&value, at_key.path}).second) {
      return InvalidPolicy(at_key, "the field is there twice");
    }
  }
  return map;
}

const YamlField* YamlMap::Find(std::string_view name) const {
  const auto it = entries_.find(name);
  return it == entries_.end() ? nullptr : &it->second;
}

absl::StatusOr<YamlField> YamlMap::Require(std::string_view name) const {
  if (const YamlField* field = Find(name)) return *field;
  return InvalidPolicy(self_, fmt::format("the field \"{}\" is missing", name));
}

absl::StatusOr<std::string> ReadText(const YamlField& field) {
  if (field.node->kind != YamlNode::Kind::kScalar) return InvalidPolicy(field, "must be a text");
  return field.node->text;
}

absl::StatusOr<double> ReadNumber(const YamlField& field) {
  const std::string& text = field.node->text;
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (field.node->kind != YamlNode::Kind::kScalar || field.node->quoted ||
      result.ec != std::errc() || result.ptr != text.data() + text.size() ||
      !std::isfinite(value)) {
    return InvalidPolicy(field, "must be a finite number");
  }
  return value == 0 ? 0.0 : value;
}

absl::StatusOr<int64_t> ReadInteger(const YamlField& field, int64_t min, int64_t max) {
  const std::string& text = field.node->text;
  int64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (field.node->kind != YamlNode::Kind::kScalar || field.node->quoted ||
      result.ec != std::errc() || result.ptr != text.data() + text.size() || value < min ||
      value > max) {
    return InvalidPolicy(field, fmt::format("must be a whole number from {} to {}", min, max));
  }
  return value;
}

absl::StatusOr<std::vector<YamlField>> ReadSequence(const YamlField& field) {
  if (field.node->kind != YamlNode::Kind::kSequence) return InvalidPolicy(field, "must be a list");
  std::vector<YamlField> items;
  for (size_t i = 0; i < field.node->items.size(); ++i) {
    items.push_back({&field.node->items[i], fmt::format("{}[{}]", field.path, i)});
  }
  return items;
}

absl::StatusOr<size_t> ReadChoice(const YamlField& field, std::span<const std::string_view> names,
                                  std::span<const Unsupported> unsupported) {
  CAIRN_ASSIGN_OR_RETURN(const std::string text, ReadText(field));
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) return i;
  }
  if (const auto* later = FindUnsupported(text, unsupported)) {
    return UnsupportedPolicy(field, later->instead);
  }
  return InvalidPolicy(field,
                       fmt::format("\"{}\" is not one of {}", Shown(text), fmt::join(names, ", ")),
                       Nearest(text, names));
}

}  // namespace cairn::promotion
