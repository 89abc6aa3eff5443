#include "client-cli/cli/lineage_tree.h"

#include <gtest/gtest.h>

namespace cairn::cli {
namespace {

v1::Lineage Chain() {
  v1::Lineage lineage;
  lineage.set_root("models/m/versions/1");
  const auto add = [&](const char* name, const char* kind, const char* label) {
    auto* node = lineage.add_nodes();
    node->set_name(name);
    node->set_kind(kind);
    node->set_label(label);
  };
  add("models/m/versions/1", "ModelVersion", "");
  add("datasets/raw/versions/1", "DatasetVersion", "10 rows");
  add("experiments/1/runs/0123456789abcdef0123456789abcdef", "Run", "k=4");
  add("experiments/1/runs/1123456789abcdef0123456789abcdef", "Run", "");
  add("models/m/channels/production", "Channel", "");
  const auto edge = [&](const char* from, const char* to) {
    auto* e = lineage.add_edges();
    e->set_from(from);
    e->set_to(to);
  };
  edge("datasets/raw/versions/1", "experiments/1/runs/0123456789abcdef0123456789abcdef");
  edge("datasets/raw/versions/1", "experiments/1/runs/1123456789abcdef0123456789abcdef");
  edge("experiments/1/runs/0123456789abcdef0123456789abcdef", "models/m/versions/1");
  edge("models/m/versions/1", "models/m/channels/production");
  return lineage;
}

TEST(LineageTreeTest, TheTreeGoesFromDataToChannel) {
  EXPECT_EQ(DrawLineage(Chain(), true),
            "dataset:raw@1  10 rows\n"
            "├─ run 0123456789ab  k=4\n"
            "│  └─ model m@1  *\n"
            "│     └─ channel m#production\n"
            "└─ run 1123456789ab\n");
}

TEST(LineageTreeTest, AsciiServesWhereUnicodeDoesNot) {
  EXPECT_EQ(DrawLineage(Chain(), false),
            "dataset:raw@1  10 rows\n"
            "|- run 0123456789ab  k=4\n"
            "|  `- model m@1  *\n"
            "|     `- channel m#production\n"
            "`- run 1123456789ab\n");
}

TEST(LineageTreeTest, WhatIsReachedTwiceIsDrawnOnceInFull) {
  v1::Lineage lineage = Chain();
  auto* edge = lineage.add_edges();
  edge->set_from("experiments/1/runs/1123456789abcdef0123456789abcdef");
  edge->set_to("models/m/versions/1");
  EXPECT_NE(DrawLineage(lineage, true).find("   └─ model m@1  *  (above)\n"), std::string::npos);
}

TEST(LineageTreeTest, LabelsGoOnBelowTheirNodeWhereTheLineEndsAndNamesStayWhole) {
  v1::Lineage lineage = Chain();
  lineage.mutable_nodes(1)->set_label("ten rows of customers");
  lineage.mutable_nodes(4)->set_label("which is live");
  EXPECT_EQ(DrawLineage(lineage, true, 32),
            "dataset:raw@1  ten rows of\n"
            "│  customers\n"
            "├─ run 0123456789ab  k=4\n"
            "│  └─ model m@1  *\n"
            "│     └─ channel m#production\n"
            "│           which is live\n"
            "└─ run 1123456789ab\n");
  EXPECT_NE(DrawLineage(lineage, true, 5).find("channel m#production\n"), std::string::npos);
}

TEST(LineageTreeTest, ACycleEnds) {
  v1::Lineage lineage;
  lineage.add_nodes()->set_name("a");
  lineage.add_nodes()->set_name("b");
  for (const auto& [from, to] : {std::pair("a", "b"), std::pair("b", "a")}) {
    auto* edge = lineage.add_edges();
    edge->set_from(from);
    edge->set_to(to);
  }
  EXPECT_EQ(DrawLineage(lineage, true), "a\n└─ b\n   └─ a  (above)\n");
}

TEST(LineageDotTest, NodesHaveShapesByKindAndEdgesLeadToWhatWasMade) {
  v1::Lineage lineage = Chain();
  lineage.mutable_nodes()->DeleteSubrange(2, 2);
  lineage.mutable_edges()->DeleteSubrange(0, 3);
  EXPECT_EQ(LineageDot(lineage),
            "digraph lineage {\n"
            "  rankdir=LR;\n"
            "  node [fontname=\"sans-serif\"];\n"
            "  \"models/m/versions/1\" [label=\"m@1\", shape=box3d, penwidth=2];\n"
            "  \"datasets/raw/versions/1\" [label=\"dataset:raw@1\\n10 rows\", shape=cylinder];\n"
            "  \"models/m/channels/production\" [label=\"m#production\", shape=folder];\n"
            "  \"models/m/versions/1\" -> \"models/m/channels/production\";\n"
            "}\n");
}

TEST(LineageDotTest, WhateverALabelHoldsIsQuoted) {
  v1::Lineage lineage;
  auto* node = lineage.add_nodes();
  node->set_name("a\"b");
  node->set_kind("Run");
  node->set_label("\\\"];\nx\\");
  lineage.set_truncated(true);
  EXPECT_NE(LineageDot(lineage).find("  \"a\\\"b\" [label=\"a\\\"b\\n\\\\\\\"]; x\\\\\", "
                                     "shape=ellipse];\n  // more was left out"),
            std::string::npos)
      << LineageDot(lineage);
}

}  // namespace
}  // namespace cairn::cli
