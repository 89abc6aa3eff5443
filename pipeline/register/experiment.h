#ifndef CAIRN_PIPELINE_REGISTER_EXPERIMENT_H_
#define CAIRN_PIPELINE_REGISTER_EXPERIMENT_H_

#include <string>

#include "absl/status/statusor.h"
#include "lib/client/client.h"

namespace cairn::pipeline {

// The resource name of the experiment with this human name, `experiments/7`; it is made if it does
// not exist, and that somebody else makes it at the same moment is no error. Errors are the
// server's.
absl::StatusOr<std::string> FindOrCreateExperiment(client::Client& client,
                                                   const std::string& display_name);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REGISTER_EXPERIMENT_H_
