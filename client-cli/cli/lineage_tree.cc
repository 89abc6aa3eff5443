#include "client-cli/cli/lineage_tree.h"

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
  Drawing(const v1::Lineage& lineage, bool unicode) : lineage_(lineage), unicode_(unicode) {
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
    if (lineage_.truncated()) text_ += "(more was left out: raise --depth)\n";
    return std::move(text_);
  }

 private:
  void Add(const std::string& name, const std::string& lead, const std::string& below) {
    const bool again = !drawn_.insert(name).second;
    const auto& children = made_[name];
    text_ += lead + Describe(name) + (again && !children.empty() ? "  (above)" : "") + "\n";
    if (again) return;
    for (size_t i = 0; i < children.size(); ++i) {
      const bool last = i + 1 == children.size();
      const std::string branch = unicode_ ? (last ? "└─ " : "├─ ") : (last ? "`- " : "|- ");
      const std::string trunk = last ? "   " : (unicode_ ? "│  " : "|  ");
      Add(children[i], below + branch, below + trunk);
    }
  }

  std::string Describe(const std::string& name) const {
    std::string text;
    const auto node = nodes_.find(name);
    const std::string kind = node == nodes_.end() ? "" : node->second->kind();
    if (kind == "Run") text += "run ";
    if (kind == "ModelVersion") text += "model ";
    if (kind == "Channel") text += "channel ";
    text += ShortName(name);
    if (node != nodes_.end() && !node->second->label().empty()) {
      text += "  " + Printable(node->second->label());
    }
    return text + (name == lineage_.root() ? "  *" : "");
  }

  const v1::Lineage& lineage_;
  const bool unicode_;
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

std::string DrawLineage(const v1::Lineage& lineage, bool unicode) {
  return Drawing(lineage, unicode).Draw();
}

}  // namespace cairn::cli
