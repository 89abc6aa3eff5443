#ifndef CAIRN_SERVER_MLFLOW_REGISTRY_CALLS_H_
#define CAIRN_SERVER_MLFLOW_REGISTRY_CALLS_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/mlflow/registry_entities.h"
#include "server/mlflow/request.h"
#include "server/mlflow/session.h"
#include "server/mlflow/task.h"

namespace cairn::mlflow {

// What routes of the registry have in common: fields of requests, errors in MLflow's words, and
// reads that take several calls. Sessions outlive the tasks.

// Which version a request names.
struct VersionField {
  std::string model;   // the plain name
  int64_t number = 0;  // from 1

  std::string name() const;  // the resource name
};
// From the fields `name` and `version`, which is an integer as text. What is wrong is told to the
// request; a number that no version can have is one that does not exist.
VersionField RequiredVersion(const Fields& fields);

// The list `tags`. Tags that are the gateway's own are refused.
void TakeTags(const Fields& fields, google::protobuf::Map<std::string, std::string>& tags);
std::string RequiredTagKey(const Fields& fields);

// An error about a model, or one of its versions, in the words of MLflow; others as they are.
absl::Status ErrorOfModel(const std::string& model, const absl::Status& error);
absl::Status ErrorOfVersion(const VersionField& version, const absl::Status& error);

Task<absl::StatusOr<v1::Model>> GetModel(Session& session, std::string model);
Task<absl::StatusOr<v1::ModelVersion>> GetVersion(Session& session, VersionField version);
// All of them, newest first, without their files.
Task<absl::StatusOr<std::vector<v1::ModelVersion>>> ListVersions(Session& session,
                                                                 std::string model);
// The number of each alias, as text.
Task<absl::StatusOr<std::map<std::string, std::string>>> ListAliases(Session& session,
                                                                     std::string model);

// Channels that a policy governs, of a model or, for `models/-`, of all that the caller sees.
Task<absl::StatusOr<std::vector<v1::Channel>>> GovernedChannels(Session& session,
                                                                std::string parent);
// What they serve under the names of stages, by the plain name of the model.
std::map<std::string, ServedStages> ServedBy(const std::vector<v1::Channel>& channels);
Task<absl::StatusOr<ServedStages>> ServedOf(Session& session, std::string model);

// The answer {"model_version": …}, as the version is now.
Task<absl::StatusOr<std::string>> VersionReply(Session& session, VersionField version);

// Asks the policy of every governed channel of the model whose name is `word` (for a stage, in any
// case of letters) to promote the version there. OK if no channel has that name, and if a policy
// that is not enforced has nothing to keep.
//   INVALID_PARAMETER_VALUE  a policy refuses: its sentence, its reasons and where they are kept
Task<absl::Status> AskPolicies(Session& session, VersionField version, std::string word,
                               bool any_case);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_REGISTRY_CALLS_H_
