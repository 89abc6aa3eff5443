#ifndef CAIRN_PIPELINE_LIFECYCLE_DRIFT_RECORD_H_
#define CAIRN_PIPELINE_LIFECYCLE_DRIFT_RECORD_H_

#include <string>

#include "absl/status/statusor.h"
#include "lib/client/client.h"
#include "pipeline/monitoring/drift_json.h"

namespace cairn::pipeline {

// What a measurement of drift was about. All but `name` and `experiment` may be empty.
struct DriftSubject {
  std::string experiment;         // Human name; made if it does not exist.
  std::string name;               // Of the run: `drift 2011-03`.
  std::string champion;           // Model version that was looked at, as a resource name.
  std::string reference_dataset;  // Data set versions, as resource names.
  std::string current_dataset;
  std::string input_sha256;  // Of the transactions, where there were some.
};

// Keeps a measurement as a run: metrics (DriftMetrics), parameters, the tag `cairn.drift` with the
// verdict, the data sets as inputs and drift.json as an artifact. With a champion also as sealed
// evidence of that version, values named `drift_verdict`, `drift_psi_max`, …, so that policies may
// read them; what each feature did stays with the run. The limits by which the verdict was made
// stand in drift.json and among the settings of the evidence.
//
// Repeating it for the same subject and findings finds the run that there is. Returns its resource
// name. Errors are the server's; what was kept before the error stays.
absl::StatusOr<std::string> RecordDrift(client::Client& client, const DriftSubject& subject,
                                        const DriftFindings& findings);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_LIFECYCLE_DRIFT_RECORD_H_
