#include "server/mlflow/logged_model.h"

#include <array>
#include <set>
#include <tuple>
#include <utility>

#include "fmt/format.h"
#include "server/core/limits.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/pairs.h"

namespace cairn::mlflow {
namespace {

using gateway::JsonText;

constexpr std::string_view kPending = "LOGGED_MODEL_PENDING";
constexpr std::string_view kReady = "LOGGED_MODEL_READY";
constexpr std::string_view kUploadFailed = "LOGGED_MODEL_UPLOAD_FAILED";

static_assert(limits::kKeyBytes == kMaxMetricKeyBytes);

// A point that tells the same of two keys.
using Point = std::tuple<std::string, int64_t, int64_t, double>;

Point PointOf(const std::string& key, const v1::MetricPoint& latest) {
  return {key, latest.step(), latest.time_unix_millis(), latest.value()};
}

void WriteModelMetric(const v1::Run& model, const ModelMetricKey& metric,
                      const v1::MetricPoint& latest, JsonText& json) {
  json.Begin('{').Key("key").Text(metric.key).Key("value").Double(latest.value());
  json.Key("timestamp").Int(latest.time_unix_millis()).Key("step").Int(latest.step());
  json.TextUnlessEmpty("dataset_name", metric.dataset_name);
  json.TextUnlessEmpty("dataset_digest", metric.dataset_digest);
  json.Key("model_id").Text(ModelIdOf(model.uid()));
  json.TextUnlessEmpty("run_id", SourceRunIdOf(model)).End('}');
}

// The newest of all data sets is told once, with its data set.
void WriteMetrics(const v1::Run& model, JsonText& json) {
  if (model.metrics().empty()) return;
  std::set<Point> told;
  json.Key("metrics").Begin('[');
  for (const v1::MetricSummary& summary : model.metrics()) {
    const auto metric = MetricOnDataset(summary.key());
    if (!metric.has_value()) continue;
    WriteModelMetric(model, *metric, summary.latest(), json);
    told.insert(PointOf(metric->key, summary.latest()));
  }
  for (const v1::MetricSummary& summary : model.metrics()) {
    if (MetricOnDataset(summary.key()).has_value()) continue;
    if (told.count(PointOf(summary.key(), summary.latest())) > 0) continue;
    WriteModelMetric(model, {summary.key(), "", ""}, summary.latest(), json);
  }
  json.End(']');
}

void WriteInfo(const v1::Run& model, JsonText& json) {
  json.Begin('{').Key("model_id").Text(ModelIdOf(model.uid()));
  json.Key("experiment_id").Text(ExperimentIdOf(model.name()));
  json.Key("name").Text(model.display_name());
  json.Key("creation_timestamp_ms").Int(MillisOf(model.create_time()));
  json.Key("last_updated_timestamp_ms")
      .Int(MillisOf(model.has_end_time() ? model.end_time() : model.create_time()));
  json.Key("artifact_uri").Text(ModelArtifactUriOf(model));
  json.Key("status").Text(ModelStatusOf(model.state()));
  SortedPairs tags = Sorted(model.tags());
  const auto type = tags.find(kModelTypeTag);
  if (type != tags.end()) {
    json.TextUnlessEmpty("model_type", type->second);
    tags.erase(type);
  }
  tags.erase(kSourceRunTag);
  json.TextUnlessEmpty("source_run_id", SourceRunIdOf(model));
  json.TextUnlessEmpty("status_message", model.state_message());
  WritePairs("tags", tags, json);
  json.End('}');
}

}  // namespace

std::string_view SourceRunIdOf(const v1::Run& model) {
  const std::string_view parent = model.parent_run();
  if (!parent.empty()) return parent.substr(parent.rfind('/') + 1);
  const auto named = model.tags().find(std::string(kSourceRunTag));
  return named == model.tags().end() ? std::string_view() : std::string_view(named->second);
}

std::string_view ModelStatusOf(v1::Run::State state) {
  if (state == v1::Run::SUCCEEDED) return kReady;
  return state == v1::Run::FAILED || state == v1::Run::KILLED ? kUploadFailed : kPending;
}

std::optional<v1::Run::State> FinalStateOf(std::string_view status) {
  if (status == kReady || status == "2") return v1::Run::SUCCEEDED;
  if (status == kUploadFailed || status == "3") return v1::Run::FAILED;
  return std::nullopt;
}

std::string ModelArtifactUriOf(const v1::Run& model) {
  return fmt::format("mlflow-artifacts:/{}/models/{}/artifacts", ExperimentIdOf(model.name()),
                     ModelIdOf(model.uid()));
}

void WriteLoggedModel(const v1::Run& model, JsonText& json) {
  json.Begin('{').Key("info");
  WriteInfo(model, json);
  json.Key("data").Begin('{');
  WritePairs("params", Sorted(model.params()), json);
  WriteMetrics(model, json);
  json.End('}').End('}');
}

}  // namespace cairn::mlflow
