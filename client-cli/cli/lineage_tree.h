#ifndef CAIRN_CLIENT_CLI_CLI_LINEAGE_TREE_H_
#define CAIRN_CLIENT_CLI_CLI_LINEAGE_TREE_H_

#include <cstddef>
#include <string>

#include "cairn/v1/datasets.pb.h"

namespace cairn::cli {

// Draws a lineage graph as a tree from what was used to what was made: data set
// → run → version → channel.
//
// Begins with the nodes that were made from nothing else in the graph; the resource
// asked for is marked with '*'. A node that is reached a second time is drawn
// again without what is below it, marked "(above)". Cycles end there too.
// Counts, if it has them, are lines below the tree. `unicode` chooses between box-drawing
// characters and ASCII. Labels go on in the next line where they do not fit into `width` columns
// (0: nothing is wrapped); names stay whole. Pure.
std::string DrawLineage(const v1::Lineage& lineage, bool unicode, size_t width = 0);

// The graph in the language of graphviz: left to right, an edge from what was used to what
// was made. Data set versions are cylinders, runs ellipses, logged models
// components, model versions boxes with a third dimension and channels folders; the resource asked
// for has a thick border. Names and labels are quoted, so that any of them is valid. Pure.
std::string LineageDot(const v1::Lineage& lineage);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_CLI_LINEAGE_TREE_H_
