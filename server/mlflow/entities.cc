#include "server/mlflow/entities.h"

#include <algorithm>
#include <array>
#include <utility>

#include "fmt/format.h"
#include "google/protobuf/util/time_util.h"
#include "lib/base/utf8_prefix.h"
#include "server/mlflow/dataset_inputs.h"
#include "server/mlflow/logged_model.h"
#include "server/mlflow/pairs.h"

namespace cairn::mlflow {
namespace {

using gateway::JsonText;
using google::protobuf::util::TimeUtil;

constexpr std::array kStates = {
    std::pair{v1::Run::RUNNING, std::string_view("RUNNING")},
    std::pair{v1::Run::SCHEDULED, std::string_view("SCHEDULED")},
    std::pair{v1::Run::SUCCEEDED, std::string_view("FINISHED")},
    std::pair{v1::Run::FAILED, std::string_view("FAILED")},
    std::pair{v1::Run::KILLED, std::string_view("KILLED")},
};

}  // namespace

int64_t MillisOf(const google::protobuf::Timestamp& time) {
  return TimeUtil::TimestampToMilliseconds(time);
}

google::protobuf::Timestamp TimestampOf(int64_t unix_millis) {
  constexpr int64_t kLeast = TimeUtil::kTimestampMinSeconds * 1000;
  constexpr int64_t kMost = TimeUtil::kTimestampMaxSeconds * 1000;
  return TimeUtil::MillisecondsToTimestamp(std::clamp(unix_millis, kLeast, kMost));
}

std::string_view ExperimentIdOf(std::string_view name) {
  name.remove_prefix(std::min(name.size(), name.find('/') + 1));
  return name.substr(0, name.find('/'));
}

bool IsExperimentId(std::string_view id) {
  constexpr size_t kMostDigits = 18;
  return !id.empty() && id.size() <= kMostDigits &&
         std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view StatusNameOf(v1::Run::State state) {
  for (const auto& [known, name] : kStates) {
    if (known == state) return name;
  }
  return kRunning;
}

std::optional<v1::Run::State> StateOf(std::string_view status_name) {
  for (const auto& [state, name] : kStates) {
    if (name == status_name) return state;
  }
  return std::nullopt;
}

std::string ArtifactUriOf(const v1::Run& run) {
  return fmt::format("mlflow-artifacts:/{}/{}/artifacts", ExperimentIdOf(run.name()), run.uid());
}

void WriteExperiment(const v1::Experiment& experiment, JsonText& json) {
  const std::string_view id = ExperimentIdOf(experiment.name());
  json.Begin('{').Key("experiment_id").Text(id).Key("name").Text(experiment.display_name());
  json.Key("artifact_location").Text(fmt::format("mlflow-artifacts:/{}", id));
  json.Key("lifecycle_stage").Text(experiment.has_delete_time() ? "deleted" : "active");
  json.Key("creation_time").Int(MillisOf(experiment.create_time()));
  json.Key("last_update_time").Int(MillisOf(experiment.update_time()));
  WritePairs("tags", Sorted(experiment.tags()), json);
  json.Key("workspace")
      .Text("default")
      .End('}');  // there is one, as in a server without workspaces
}

void WriteRunInfo(const v1::Run& run, JsonText& json) {
  json.Begin('{').Key("run_id").Text(run.uid()).Key("run_uuid").Text(run.uid());
  json.Key("run_name").Text(run.display_name());
  json.Key("experiment_id").Text(ExperimentIdOf(run.name()));
  json.Key("user_id").Text(run.user()).Key("status").Text(StatusNameOf(run.state()));
  if (run.has_start_time()) json.Key("start_time").Int(MillisOf(run.start_time()));
  if (run.has_end_time()) json.Key("end_time").Int(MillisOf(run.end_time()));
  json.Key("artifact_uri").Text(ArtifactUriOf(run));
  json.Key("lifecycle_stage").Text(run.has_delete_time() ? "deleted" : "active").End('}');
}

void WriteMetric(std::string_view key, double value, int64_t unix_millis, int64_t step,
                 std::string_view run_id, JsonText& json) {
  json.Begin('{').Key("key").Text(key).Key("value").Double(value);
  json.Key("timestamp").Int(unix_millis).Key("step").Int(step);
  json.TextUnlessEmpty("run_id", run_id).End('}');
}

namespace {

// All that both forms of a run have; its object stays open.
void BeginRun(const v1::Run& run, JsonText& json) {
  json.Begin('{').Key("info");
  WriteRunInfo(run, json);
  json.Key("data").Begin('{');
  if (!run.metrics().empty()) {
    json.Key("metrics").Begin('[');
    for (const v1::MetricSummary& metric : run.metrics()) {
      const v1::MetricPoint& latest = metric.latest();
      WriteMetric(metric.key(), latest.value(), latest.time_unix_millis(), latest.step(), "", json);
    }
    json.End(']');
  }
  WritePairs("params", Sorted(run.params()), json);
  SortedPairs tags = Sorted(run.tags());
  std::erase_if(tags, [](const auto& tag) { return IsInput(tag.first, tag.second); });
  if (!run.display_name().empty()) tags[kRunNameTag] = run.display_name();
  WritePairs("tags", tags, json);
  json.End('}').Key("inputs");
  WriteInputs(run, json);
}

// The logged models that the run made; what else it made MLflow does not know.
void WriteOutputs(const v1::Run& run, JsonText& json) {
  bool some = false;
  json.Begin('{');
  for (const v1::RunOutput& output : run.outputs()) {
    if (!output.resource().starts_with("experiments/")) continue;
    if (!std::exchange(some, true)) json.Key("model_outputs").Begin('[');
    const std::string_view uid =
        std::string_view(output.resource()).substr(output.resource().rfind('/') + 1);
    json.Begin('{').Key("model_id").Text(ModelIdOf(uid)).Key("step").Int(output.step()).End('}');
  }
  if (some) json.End(']');
  json.End('}');
}

}  // namespace

void WriteRun(const v1::Run& run, JsonText& json) {
  BeginRun(run, json);
  json.Key("outputs");
  WriteOutputs(run, json);
  json.End('}');
}

void WriteNewRun(const v1::Run& run, JsonText& json) {
  BeginRun(run, json);
  json.End('}');
}

std::string PageReply(std::string_view key, std::string_view items, std::string_view token) {
  JsonText json;
  json.Begin('{');
  if (!items.empty()) json.Key(key).Begin('[').Json(items).End(']');
  json.TextUnlessEmpty("next_page_token", token).End('}');
  return json.Take();
}

std::string Truncated(std::string text, size_t max_bytes) {
  text.resize(Utf8Prefix(text, max_bytes).size());
  return text;
}

}  // namespace cairn::mlflow
