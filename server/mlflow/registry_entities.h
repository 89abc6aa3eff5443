#ifndef CAIRN_SERVER_MLFLOW_REGISTRY_ENTITIES_H_
#define CAIRN_SERVER_MLFLOW_REGISTRY_ENTITIES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/v1/registry.pb.h"
#include "lib/mlflow/stored_names.h"
#include "server/gateway/json_text.h"

namespace cairn::mlflow {

// How Cairn's models and versions look to MLflow.
//
//   name           the model's display_name
//   version        the number in the version's name, as text
//   status         READY: a version that is there is complete
//   current_stage  Archived: the state ARCHIVED. Production, Staging: what a channel of that name
//                  serves, if a policy governs it; else what the tag mlflow.stage says
//   source, run_id, run_link   tags that only this gateway writes; without them what the version
//                  was made from
//
// Pure functions.

// Whether a tag says what MLflow has a field for (stored_names.h): clients neither see nor set it.
bool IsOwnTag(std::string_view key);

inline constexpr std::string_view kNoStage = "None";
inline constexpr std::string_view kStaging = "Staging";
inline constexpr std::string_view kProduction = "Production";
inline constexpr std::string_view kArchived = "Archived";
// The stage that is meant, in any case of letters; nullopt for a text that is none.
std::optional<std::string_view> StageNamed(std::string_view text);

// What governed channels called like a stage serve, of one model: by stage, the names of versions.
// Channels that serve nothing yet are not there.
using ServedStages = std::map<std::string_view, std::string>;

std::string_view StageOf(const v1::ModelVersion& version, const ServedStages& served);

// "7" of `models/m/versions/7`, and as a number; 0 for a name that is none.
std::string_view NumberTextOf(const v1::ModelVersion& version);
int64_t NumberOf(const v1::ModelVersion& version);
// The plain name of the model that a version is of.
std::string ModelOf(const v1::ModelVersion& version);
// The id of its run, or the one that it was registered with; "" if there is none.
std::string RunIdOf(const v1::ModelVersion& version);
// What it was registered from, as MLflow's clients wrote it.
std::string SourceOf(const v1::ModelVersion& version);
// Where its files are for a client: the source, or what that led to.
std::string DownloadUriOf(const v1::ModelVersion& version);

// The highest version of each stage, by stage.
std::map<std::string_view, const v1::ModelVersion*> LatestOf(
    const std::vector<v1::ModelVersion>& versions, const ServedStages& served);

// Each writes a JSON object. Aliases are written where MLflow has them: not within models, and not
// of what a search found.
void WriteVersion(const v1::ModelVersion& version, const ServedStages& served, bool with_aliases,
                  gateway::JsonText& json);
void WriteModel(const v1::Model& model, const std::vector<v1::ModelVersion>& versions,
                const ServedStages& served, const std::map<std::string, std::string>& aliases,
                gateway::JsonText& json);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_REGISTRY_ENTITIES_H_
