#ifndef CAIRN_SERVER_MLFLOW_DATASET_INPUTS_H_
#define CAIRN_SERVER_MLFLOW_DATASET_INPUTS_H_

#include <compare>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "server/gateway/json_text.h"
#include "server/mlflow/request.h"

namespace cairn::mlflow {

// The data sets that MLflow's clients say a run read. They are descriptions that a client makes up,
// not data sets of Cairn, whose versions are registered; so they are kept where MLflow's own notes
// are, in tags of the run (lib/mlflow/stored_inputs.h), as the JSON that they are answered with.

// Tags by their key.
using InputTags = std::map<std::string, std::string>;

// What `datasets` of a request become, merged with what the run has. Of several with one name and
// digest the first counts, with the tags of all. Schema and profile, which may be long, are left
// out where a tag has no room for them.
//   INVALID_PARAMETER_VALUE  a data set is too long without them too
absl::StatusOr<InputTags> MergedInputs(const v1::Run& run, const std::vector<Fields>& datasets);

// Adds a note for each of `models` of a request, which name logged models.
void AddModelInputs(const std::vector<Fields>& models, InputTags& tags);

// Whether a tag is such a note that WriteInputs answers; another one with such a key is a tag.
bool IsInput(std::string_view key, std::string_view value);

// The object `inputs` of a run: data sets and logged models.
void WriteInputs(const v1::Run& run, gateway::JsonText& json);

// What a search for data sets tells of one; those that are equal are told once.
struct DatasetSummary {
  std::string experiment_id;
  std::string name;
  std::string digest;
  std::string context;  // what it was read for, "training"; empty if nobody said

  auto operator<=>(const DatasetSummary&) const = default;
};

// One for each data set of a run, which needs its name and tags only.
std::vector<DatasetSummary> SummariesOf(const v1::Run& run);
void WriteSummary(const DatasetSummary& summary, gateway::JsonText& json);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_DATASET_INPUTS_H_
