#include "client-cli/cli/lineage_tree.h"

#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "client-cli/cli/reference.h"
#include "client-cli/cli/terminal.h"

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

}  // namespace

std::string DrawLineage(const v1::Lineage& lineage, bool unicode) {
  return Drawing(lineage, unicode).Draw();
}

}  // namespace cairn::cli
