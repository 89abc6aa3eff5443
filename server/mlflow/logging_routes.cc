#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/mlflow/bounded_json.h"
#include "nlohmann/json.hpp"
#include "server/core/limits.h"
#include "server/mlflow/dataset_inputs.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"
#include "server/mlflow/logged_model.h"
#include "server/mlflow/logged_model_calls.h"
#include "server/mlflow/metric_history.h"
#include "server/mlflow/pairs.h"
#include "server/mlflow/route_table.h"
#include "server/mlflow/run_rename.h"

namespace cairn::mlflow {
namespace {

// What MLflow takes in one batch.
constexpr size_t kMostMetrics = 1000;
constexpr size_t kMostParams = 100;
constexpr size_t kMostTags = 100;
constexpr size_t kMostInAll = 1000;

// A batch as it is put together from one of the requests.
struct Batch {
  std::string run_id;
  v1::LogBatchRequest request;         // its run is set when it is logged
  std::map<std::string, int> columns;  // where the points of a key are in `request`
  std::set<std::string> param_keys;
  std::optional<std::string> run_name;  // of the tag that is no tag
  ModelBatches models;                  // the points that are also of logged models
};

// A key is a relative path without `.` and `..`, because MLflow's first store made files of keys.
bool IsNormalPath(std::string_view key) {
  for (size_t at = 0; at <= key.size();) {
    const size_t end = std::min(key.find('/', at), key.size());
    const std::string_view part = key.substr(at, end - at);
    if (part.empty() || part == "." || part == "..") return false;
    at = end + 1;
  }
  return true;
}

// Letters of any script, digits and a few marks. Which letters are letters is not asked of those
// that are not ASCII.
bool IsOfNameLetters(std::string_view key) {
  return std::all_of(key.begin(), key.end(), [](char letter) {
    const auto byte = static_cast<unsigned char>(letter);
    return byte >= 0x80 || absl::ascii_isalnum(byte) ||
           std::string_view("_-./: ").find(letter) != std::string_view::npos;
  });
}

// The key of a metric, parameter or tag. MLflow names a bad one `name`.
std::string KeyOf(const Fields& fields) {
  std::string key = fields.Required("key");
  if (!key.empty() && !IsNormalPath(key)) {
    fields.Refuse(InvalidText(key, fields.PathOf("name"),
                              "a name must not begin or end with '/' nor have the parts '', '.' "
                              "and '..'"));
  }
  if (!IsOfNameLetters(key)) {
    fields.Refuse(InvalidText(key, fields.PathOf("name"),
                              "a name has letters, digits, '_', '-', '.', '/', ':' and blanks"));
  }
  if (key.size() > limits::kKeyBytes) {
    fields.Refuse(InvalidText(key, fields.PathOf("name"),
                              fmt::format("a name has at most {} bytes", limits::kKeyBytes)));
  }
  return key;
}

void AddPoint(const HistoryPoint& point, v1::MetricColumns& columns) {
  columns.add_steps(point.step);
  columns.add_times_unix_millis(point.time);
  columns.add_values(point.value);
}

// Of the few metrics of a model that are logged at once.
v1::MetricColumns& ColumnsOf(const std::string& key, v1::LogBatchRequest& batch) {
  for (v1::MetricColumns& columns : *batch.mutable_metrics()) {
    if (columns.key() == key) return columns;
  }
  v1::MetricColumns& columns = *batch.add_metrics();
  columns.set_key(key);
  return columns;
}

void AddMetric(const Fields& fields, Batch& batch) {
  const std::string key = KeyOf(fields);
  const double value = fields.RequiredDouble("value");
  const int64_t time = fields.RequiredInt("timestamp");
  if (time < 0) {
    fields.Refuse(
        InvalidValue(std::to_string(time), fields.PathOf("timestamp"), "must not be negative"));
  }
  const auto [at, is_new] = batch.columns.try_emplace(key, batch.request.metrics_size());
  if (is_new) batch.request.add_metrics()->set_key(key);
  const HistoryPoint point{time, fields.Int("step").value_or(0), value};
  AddPoint(point, *batch.request.mutable_metrics(at->second));
  const std::string model_id = fields.Text("model_id");
  if (model_id.empty()) return;
  v1::LogBatchRequest& model = batch.models[model_id];
  AddPoint(point, ColumnsOf(key, model));
  const std::string on_dataset =
      KeyOnDataset({key, fields.Text("dataset_name"), fields.Text("dataset_digest")});
  if (!on_dataset.empty()) AddPoint(point, ColumnsOf(on_dataset, model));
}

void AddParam(const Fields& fields, Batch& batch) {
  const std::string key = KeyOf(fields);
  if (!batch.param_keys.insert(key).second) {
    fields.Refuse(Refuse(kInvalidParameter,
                         fmt::format("Duplicate parameter keys have been submitted: {}", key)));
  }
  (*batch.request.mutable_params())[key] =
      Truncated(fields.Text("value"), limits::kParamValueBytes);
}

void AddTag(const Fields& fields, Batch& batch) {
  const std::string key = KeyOf(fields);
  std::string value = fields.Text("value");
  if (key == kRunNameTag) {
    batch.run_name = std::move(value);
  } else {
    (*batch.request.mutable_tags())[key] = Truncated(std::move(value), limits::kRunTagValueBytes);
  }
}

// Stores the batch in one commit, and what is of logged models or a new name of the run in others.
Task<Reply> Log(Session& session, Batch batch) {
  const auto name = co_await session.NameOfRun(batch.run_id);
  if (!name.ok()) co_return name.status();
  batch.request.set_run(*name);
  const auto logged = co_await session.Call(session.rows().log_batch, std::move(batch.request));
  if (!logged.ok()) co_return session.ErrorOfRun(batch.run_id, logged.status());
  if (!batch.models.empty()) {
    CAIRN_CO_RETURN_IF_ERROR(
        co_await LogToModels(session, std::move(batch.models), MissingModels::kPassOver));
  }
  if (batch.run_name.has_value()) {
    const auto renamed = co_await RenameRun(session, *name, *batch.run_name);
    if (!renamed.ok()) co_return session.ErrorOfRun(batch.run_id, renamed.status());
  }
  co_return std::string(kEmptyReply);
}

Batch BatchOf(const Fields& fields) {
  Batch batch;
  batch.run_id = fields.RequiredRunId();
  return batch;
}

// A request that is one metric, parameter or tag itself.
Task<Reply> LogOne(Session& session, const Fields& fields, void (*add)(const Fields&, Batch&)) {
  Batch batch = BatchOf(fields);
  add(fields, batch);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  co_return co_await Log(session, std::move(batch));
}

Task<Reply> LogMetric(Session& session, const Fields& fields) {
  return LogOne(session, fields, AddMetric);
}
Task<Reply> LogParameter(Session& session, const Fields& fields) {
  return LogOne(session, fields, AddParam);
}
Task<Reply> SetTag(Session& session, const Fields& fields) {
  return LogOne(session, fields, AddTag);
}

void CheckCount(const Fields& fields, size_t count, size_t most, const char* what) {
  if (count <= most) return;
  fields.Refuse(Refuse(kInvalidParameter,
                       fmt::format("A batch logging request can contain at most {} {}. Got {} {}. "
                                   "Send them in several requests.",
                                   most, what, count, what)));
}

Task<Reply> LogBatch(Session& session, const Fields& fields) {
  Batch batch = BatchOf(fields);
  const std::vector<Fields> metrics = fields.Items("metrics");
  const std::vector<Fields> params = fields.Items("params");
  const std::vector<Fields> tags = fields.Items("tags");
  CheckCount(fields, metrics.size(), kMostMetrics, "metrics");
  CheckCount(fields, params.size(), kMostParams, "params");
  CheckCount(fields, tags.size(), kMostTags, "tags");
  CheckCount(fields, metrics.size() + params.size() + tags.size(), kMostInAll,
             "metrics, params and tags");
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  for (const Fields& metric : metrics) AddMetric(metric, batch);
  for (const Fields& param : params) AddParam(param, batch);
  for (const Fields& tag : tags) AddTag(tag, batch);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  co_return co_await Log(session, std::move(batch));
}

// What a model that was logged with its run says of itself, or why that is none.
absl::StatusOr<nlohmann::json> ModelOf(const std::string& text) {
  auto model = ParseJson(text);
  if (!model.is_object()) {
    return Refuse(kInvalidParameter, "The field 'model_json' must hold a JSON object.");
  }
  for (const char* name : {"artifact_path", "flavors", "utc_time_created", "run_id"}) {
    if (!model.contains(name)) {
      return Refuse(kInvalidParameter,
                    fmt::format("The model lacks the mandatory field '{}'.", name));
    }
  }
  return model;
}

// Adds the model to the list that a tag of the run holds.
Task<Reply> LogModel(Session& session, const Fields& fields) {
  Batch batch = BatchOf(fields);
  const std::string text = fields.Required("model_json");
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  auto model = ModelOf(text);
  if (!model.ok()) co_return model.status();
  const auto run = co_await session.GetRun(batch.run_id);
  if (!run.ok()) co_return run.status();
  const std::string tag(kModelHistoryTag);
  auto history = ListInTag(*run, tag);
  history.push_back(*std::move(model));
  std::string value = history.dump();
  if (value.size() > limits::kRunTagValueBytes) {
    // A list that is cut is none; the newest is what readers look for.
    value = nlohmann::json::array({history.back()}).dump();
  }
  if (value.size() > limits::kRunTagValueBytes) {
    co_return Refuse(kInvalidParameter,
                     fmt::format("The model's description must have at most {} bytes.",
                                 limits::kRunTagValueBytes));
  }
  (*batch.request.mutable_tags())[tag] = std::move(value);
  co_return co_await Log(session, std::move(batch));
}

// What the run made, with the step at which it was made.
Task<Reply> LogOutputs(Session& session, const Fields& fields) {
  Batch batch = BatchOf(fields);
  const std::vector<Fields> models = fields.Items("models");
  if (models.empty()) fields.Refuse(MissingValue("models"));
  CheckCount(fields, models.size(), kMostInAll, "models");
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  for (const Fields& output : models) {
    const std::string id = output.Required("model_id");
    CAIRN_CO_RETURN_IF_ERROR(fields.status());
    const auto model = co_await GetLoggedModel(session, id);
    if (!model.ok()) co_return model.status();
    v1::RunOutput& made = *batch.request.add_outputs();
    made.set_resource(model->name());
    made.set_step(output.Int("step").value_or(0));
  }
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  co_return co_await Log(session, std::move(batch));
}

// Data sets and models that a run read become tags.
Task<Reply> LogInputs(Session& session, const Fields& fields) {
  Batch batch = BatchOf(fields);
  const std::vector<Fields> datasets = fields.Items("datasets");
  CheckCount(fields, datasets.size(), kMostTags, "datasets");
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const auto run = co_await session.GetRun(batch.run_id);
  if (!run.ok()) co_return run.status();
  auto inputs = MergedInputs(*run, datasets);
  if (!inputs.ok()) fields.Refuse(inputs.status());
  if (inputs.ok()) AddModelInputs(fields.Items("models"), *inputs);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  if (inputs->empty()) co_return std::string(kEmptyReply);
  for (auto& [key, value] : *inputs) (*batch.request.mutable_tags())[key] = std::move(value);
  co_return co_await Log(session, std::move(batch));
}

}  // namespace

std::vector<RouteRow> LoggingRoutes() {
  return {
      {"POST", "/runs/log-metric", LogMetric}, {"POST", "/runs/log-parameter", LogParameter},
      {"POST", "/runs/set-tag", SetTag},       {"POST", "/runs/log-batch", LogBatch},
      {"POST", "/runs/log-model", LogModel},   {"POST", "/runs/log-inputs", LogInputs},
      {"POST", "/runs/outputs", LogOutputs},
  };
}

}  // namespace cairn::mlflow
