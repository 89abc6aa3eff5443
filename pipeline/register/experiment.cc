#include "pipeline/register/experiment.h"

#include "cairn/v1/tracking.pb.h"
#include "lib/base/status_macros.h"

namespace cairn::pipeline {

absl::StatusOr<std::string> FindOrCreateExperiment(client::Client& client,
                                                   const std::string& display_name) {
  cairn::v1::GetExperimentRequest get;
  get.set_display_name(display_name);
  auto found = client.tracking().GetExperiment(get);
  if (!found.ok() && found.status().code() == absl::StatusCode::kNotFound) {
    cairn::v1::CreateExperimentRequest create;
    create.mutable_experiment()->set_display_name(display_name);
    found = client.tracking().CreateExperiment(create);
    // Somebody else may have been quicker.
    if (found.status().code() == absl::StatusCode::kAlreadyExists) {
      found = client.tracking().GetExperiment(get);
    }
  }
  CAIRN_RETURN_IF_ERROR(found.status());
  return found->name();
}

}  // namespace cairn::pipeline
