#include "client-cli/cli/lineage_tree.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "client-cli/cli/reference.h"
#include "client-cli/cli/terminal.h"
#include "fmt/format.h"

namespace cairn::cli {
namespace {

class Drawing {
 public:
  Drawing(const v1::Lineage& lineage, bool unicode, size_t width)
      : lineage_(lineage), unicode_(unicode), width_(width) {
    for (const auto& node : lineage.nodes()) nodes_[node.name()] = &node;
    for (const auto& edge : lineage.edges()) {
      made_[edge.from()].push_back(edge.to());
      made_from_something_.insert(edge.to());
    }
  }

  std::string Draw() {
    for (const auto& node : lineage_.nodes()) {
      if (!made_from_something_.contains(node.name())) Add(node.name(), "", "");
    }
    // Whatever a cycle kept from having a beginning.
    for (const auto& node : lineage_.nodes()) {
      if (!drawn_.contains(node.name())) Add(node.name(), "", "");
    }
    if (lineage_.truncated()) text_ += "(more was left out: raise --depth or --per-hop)\n";
    AddCounts();
    return std::move(text_);
  }

 private:
  void AddCounts() {
    for (const auto& entry : lineage_.counts()) {
      const bool before = entry.direction() == v1::GetLineageRequest::UPSTREAM;
      text_ += fmt::format("{} hop{} {}: {} {}\n", entry.hop(), entry.hop() == 1 ? "" : "s",
                           before ? "before" : "after", entry.count(), entry.kind());
    }
    if (lineage_.counts_truncated()) text_ += "(counting ended: these are the least there are)\n";
  }

  void Add(const std::string& name, const std::string& lead, const std::string& below) {
    const bool again = !drawn_.insert(name).second;
    const auto& children = made_[name];
    const bool goes_on = !again && !children.empty();
    const std::string beside = below + (goes_on ? (unicode_ ? "│  " : "|  ") : "   ");
    std::string line = lead + Head(name);
    for (const std::string& piece : Pieces(name, again && !children.empty())) {
      if (width_ == 0 || DisplayWidth(line + piece) <= width_) {
        line += piece;
      } else {
        text_ += line + "\n";
        line = beside + piece.substr(piece.find_first_not_of(' '));
      }
    }
    text_ += line + "\n";
    if (again) return;
    for (size_t i = 0; i < children.size(); ++i) {
      const bool last = i + 1 == children.size();
      const std::string branch = unicode_ ? (last ? "└─ " : "├─ ") : (last ? "`- " : "|- ");
      const std::string trunk = last ? "   " : (unicode_ ? "│  " : "|  ");
      Add(children[i], below + branch, below + trunk);
    }
  }

  // The kind and the name, which stay in one line.
  std::string Head(const std::string& name) const {
    std::string text;
    const auto node = nodes_.find(name);
    const std::string kind = node == nodes_.end() ? "" : node->second->kind();
    if (kind == "Run") text += "run ";
    if (kind == "LoggedModel") text += "logged model ";
    if (kind == "ModelVersion") text += "model ";
    if (kind == "Channel") text += "channel ";
    return text + ShortName(name);
  }

  // What follows the name: the words of the label and the marks, each with the blanks before it.
  std::vector<std::string> Pieces(const std::string& name, bool is_above) const {
    std::vector<std::string> pieces;
    const auto node = nodes_.find(name);
    const std::string label = node == nodes_.end() ? "" : Printable(node->second->label());
    std::string blanks = "  ";
    for (size_t at = 0; at < label.size();) {
      const size_t begin = label.find_first_not_of(' ', at);
      if (begin == std::string::npos) break;
      const size_t end = std::min(label.find(' ', begin), label.size());
      blanks.append(begin - at, ' ');
      pieces.push_back(blanks + label.substr(begin, end - begin));
      blanks.clear();
      at = end;
    }
    if (name == lineage_.root()) pieces.emplace_back("  *");
    if (is_above) pieces.emplace_back("  (above)");
    return pieces;
  }

  const v1::Lineage& lineage_;
  const bool unicode_;
  const size_t width_;
  std::map<std::string, const v1::Lineage::Node*> nodes_;
  std::map<std::string, std::vector<std::string>> made_;
  std::set<std::string> made_from_something_;
  std::set<std::string> drawn_;
  std::string text_;
};

// A string of the DOT language; in labels `\n` begins a line.
std::string DotString(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : Printable(text)) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string_view DotShape(std::string_view kind) {
  if (kind == "DatasetVersion") return "cylinder";
  if (kind == "ModelVersion") return "box3d";
  if (kind == "LoggedModel") return "component";
  if (kind == "Channel") return "folder";
  return "ellipse";
}

}  // namespace

std::string LineageDot(const v1::Lineage& lineage) {
  std::string text = "digraph lineage {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n";
  for (const auto& node : lineage.nodes()) {
    std::string label = DotString(ShortName(node.name()));
    if (!node.label().empty()) {
      label.pop_back();
      label += "\\n" + DotString(node.label()).substr(1);
    }
    text += fmt::format("  {} [label={}, shape={}{}];\n", DotString(node.name()), label,
                        DotShape(node.kind()), node.name() == lineage.root() ? ", penwidth=2" : "");
  }
  for (const auto& edge : lineage.edges()) {
    text += fmt::format("  {} -> {};\n", DotString(edge.from()), DotString(edge.to()));
  }
  if (lineage.truncated()) text += "  // more was left out: raise --depth\n";
  return text + "}\n";
}

std::string DrawLineage(const v1::Lineage& lineage, bool unicode, size_t width) {
  return Drawing(lineage, unicode, width).Draw();
}

}  // namespace cairn::cli
