#ifndef CAIRN_SERVER_MLFLOW_ENTITIES_H_
#define CAIRN_SERVER_MLFLOW_ENTITIES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cairn/v1/tracking.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "lib/mlflow/stored_names.h"
#include "server/gateway/json_text.h"

namespace cairn::mlflow {

// How Cairn's resources look to MLflow. What the two call alike and mean alike has one truth here:
//
//   experiment_id          the number in the experiment's name
//   run_id, run_uuid       the run's uid
//   run_name, and the tag mlflow.runName   the run's display_name; the tag is not stored
//   user_id                the run's user
//   FINISHED               SUCCEEDED; the other states have the same names
//   artifact_uri           mlflow-artifacts:/<experiment>/<run>/artifacts
//
// Pure functions.

inline constexpr std::string_view kModelHistoryTag = "mlflow.log-model.history";
inline constexpr std::string_view kRunning = "RUNNING";
inline constexpr std::string_view kEmptyReply = "{}";

// Milliseconds since 1970, as all times of MLflow; beyond what a Timestamp holds they are cut off.
int64_t MillisOf(const google::protobuf::Timestamp& time);
google::protobuf::Timestamp TimestampOf(int64_t unix_millis);

// "7" of `experiments/7` and of `experiments/7/runs/…`.
std::string_view ExperimentIdOf(std::string_view name);

// Whether a text can be the id of an experiment: a number.
bool IsExperimentId(std::string_view id);

// "FINISHED"; nullopt for a name that is none.
std::string_view StatusNameOf(v1::Run::State state);
std::optional<v1::Run::State> StateOf(std::string_view status_name);

std::string ArtifactUriOf(const v1::Run& run);

// Each writes a JSON object.
void WriteExperiment(const v1::Experiment& experiment, gateway::JsonText& json);
void WriteRunInfo(const v1::Run& run, gateway::JsonText& json);
void WriteRun(const v1::Run& run, gateway::JsonText& json);
// The same of a run that was just made: it has no outputs, not even none.
void WriteNewRun(const v1::Run& run, gateway::JsonText& json);
// A point of a metric; `run_id` is left out if it is empty.
void WriteMetric(std::string_view key, double value, int64_t unix_millis, int64_t step,
                 std::string_view run_id, gateway::JsonText& json);

// A page of a list: `items` are the JSON of its entries with commas between them. MLflow leaves out
// an empty list, and the token of a last page.
std::string PageReply(std::string_view key, std::string_view items, std::string_view token);

// `text`, cut to `max_bytes` where it is longer, at the end of a character: what MLflow does to
// values, without telling.
std::string Truncated(std::string text, size_t max_bytes);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_ENTITIES_H_
