#ifndef CAIRN_SERVER_DATASETS_LINEAGE_NODE_H_
#define CAIRN_SERVER_DATASETS_LINEAGE_NODE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/datasets.pb.h"
#include "server/storage/kv_store.h"

namespace cairn::datasets {

// A resource as a lineage shows it, and what its own record names as its sources.
struct LineageNode {
  cairn::v1::Lineage::Node node;
  // Resource names, each once as the record has it: parents and run of a data set version, inputs
  // of a run, run and training data of a model version, the version that a channel serves. A run
  // that lists the resource as an output is not among them: that is an edge of its own
  // (storage::LineageUpPrefix).
  std::vector<std::string> sources;
};

// Reads the resource of that name: a data set version by number, a run or logged model, a model
// version or a channel. One or two look-ups, and nothing of what a run logged.
//
// INVALID_ARGUMENT (NAME_INVALID) for a name of another kind or form, NOT_FOUND with the reason of
// the kind if there is none, DATA_LOSS for a record that does not parse.
absl::StatusOr<LineageNode> ReadLineageNode(const storage::Snapshot& snapshot,
                                            const std::string& name);

}  // namespace cairn::datasets

#endif  // CAIRN_SERVER_DATASETS_LINEAGE_NODE_H_
