#include "client-cli/mlflow_import/json_entities.h"

#include <charconv>
#include <limits>
#include <utility>

#include "client-cli/mlflow_import/limits.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/numbers.h"
#include "lib/mlflow/bounded_json.h"
#include "lib/mlflow/stored_inputs.h"
#include "lib/mlflow/stored_names.h"

namespace cairn::mlflow_import {
namespace {

const Json* Member(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

Pairs PairsOf(const Json& object, const char* name) {
  Pairs pairs;
  for (const Json& pair : ItemsOf(object, name)) {
    if (std::string key = TextOf(pair, "key"); !key.empty()) pairs[key] = TextOf(pair, "value");
  }
  return pairs;
}

std::vector<SourceMetric> MetricsOf(const Json& data) {
  std::vector<SourceMetric> metrics;
  for (const Json& metric : ItemsOf(data, "metrics")) {
    metrics.push_back({TextOf(metric, "key"), PointOf(metric), TextOf(metric, "dataset_name"),
                       TextOf(metric, "dataset_digest")});
  }
  return metrics;
}

bool IsDeleted(const Json& object) { return TextOf(object, "lifecycle_stage") == "deleted"; }

std::string Dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

absl::StatusOr<Json> ParseObject(std::string_view what, std::string_view text) {
  Json parsed = mlflow::ParseJson(text);
  if (parsed.is_object()) return parsed;
  return Error(absl::StatusCode::kDataLoss, ErrorReason::DATA_MALFORMED,
               fmt::format("{} is no object of JSON", what))
      .ToStatus();
}

std::string TextOf(const Json& object, const char* name) {
  const Json* const member = Member(object, name);
  if (member == nullptr) return "";
  if (member->is_string()) return member->get<std::string>();
  return member->is_number_integer() ? Dumped(*member) : "";
}

std::optional<int64_t> IntOf(const Json& object, const char* name) {
  const Json* const member = Member(object, name);
  if (member == nullptr) return std::nullopt;
  if (member->is_number_integer()) return member->get<int64_t>();
  if (!member->is_string()) return std::nullopt;
  const auto& text = member->get_ref<const std::string&>();
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

double DoubleOf(const Json& object, const char* name) {
  const Json* const member = Member(object, name);
  if (member == nullptr) return 0;
  if (member->is_number()) return member->get<double>();
  const std::string text = TextOf(object, name);
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  return ParseNumber(text).value_or(std::numeric_limits<double>::quiet_NaN());
}

bool FlagOf(const Json& object, const char* name) {
  const Json* const member = Member(object, name);
  return member != nullptr && member->is_boolean() && member->get<bool>();
}

const Json& ItemsOf(const Json& object, const char* name) {
  static const Json none = Json::array();
  const Json* const member = Member(object, name);
  return member != nullptr && member->is_array() ? *member : none;
}

const Json& ObjectOf(const Json& object, const char* name) {
  static const Json none = Json::object();
  const Json* const member = Member(object, name);
  return member != nullptr && member->is_object() ? *member : none;
}

SourceExperiment ExperimentOf(const Json& experiment) {
  return {TextOf(experiment, "experiment_id"), TextOf(experiment, "name"),
          PairsOf(experiment, "tags"), IsDeleted(experiment), ""};
}

Point PointOf(const Json& metric) {
  return {IntOf(metric, "step").value_or(0), IntOf(metric, "timestamp").value_or(0),
          DoubleOf(metric, "value")};
}

SourceRun RunOf(const Json& run) {
  const Json& info = ObjectOf(run, "info");
  const Json& data = ObjectOf(run, "data");
  const Json& inputs = ObjectOf(run, "inputs");
  SourceRun read;
  read.id = TextOf(info, "run_id");
  if (read.id.empty()) read.id = TextOf(info, "run_uuid");
  read.user = TextOf(info, "user_id");
  read.status = TextOf(info, "status");
  read.start_unix_millis = IntOf(info, "start_time");
  read.end_unix_millis = IntOf(info, "end_time");
  read.deleted = IsDeleted(info);
  read.params = PairsOf(data, "params");
  read.tags = PairsOf(data, "tags");
  read.metrics = MetricsOf(data);
  const auto tag = read.tags.extract(std::string(mlflow::kRunNameTag));
  read.name = TextOf(info, "run_name");
  if (read.name.empty() && !tag.empty()) read.name = tag.mapped();
  for (const Json& input : ItemsOf(inputs, "dataset_inputs")) {
    read.input_tags.insert(InputTagOf(input));
  }
  for (const Json& model : ItemsOf(inputs, "model_inputs")) {
    read.input_tags[ModelInputTagOf(TextOf(model, "model_id"))] = "";
  }
  for (const Json& model : ItemsOf(ObjectOf(run, "outputs"), "model_outputs")) {
    read.outputs.push_back({TextOf(model, "model_id"), IntOf(model, "step").value_or(0)});
  }
  return read;
}

SourceModel LoggedModelOf(const Json& model) {
  const Json& info = ObjectOf(model, "info");
  const Json& data = ObjectOf(model, "data");
  SourceModel read;
  read.id = TextOf(info, "model_id");
  read.experiment_id = TextOf(info, "experiment_id");
  read.name = TextOf(info, "name");
  read.type = TextOf(info, "model_type");
  read.status = TextOf(info, "status");
  read.source_run_id = TextOf(info, "source_run_id");
  read.created_unix_millis = IntOf(info, "creation_timestamp_ms");
  read.updated_unix_millis = IntOf(info, "last_updated_timestamp_ms");
  read.params = PairsOf(data, "params");
  read.tags = PairsOf(info, "tags");
  read.metrics = MetricsOf(data);
  return read;
}

RegisteredModel RegisteredModelOf(const Json& model) {
  RegisteredModel read{
      TextOf(model, "name"), TextOf(model, "description"), PairsOf(model, "tags"), {}};
  for (const Json& alias : ItemsOf(model, "aliases")) {
    read.aliases[TextOf(alias, "alias")] = IntOf(alias, "version").value_or(0);
  }
  return read;
}

SourceVersion VersionOf(const Json& version) {
  SourceVersion read;
  read.model = TextOf(version, "name");
  read.number = IntOf(version, "version").value_or(0);
  read.description = TextOf(version, "description");
  read.source = TextOf(version, "source");
  read.run_id = TextOf(version, "run_id");
  read.run_link = TextOf(version, "run_link");
  read.stage = TextOf(version, "current_stage");
  read.tags = PairsOf(version, "tags");
  return read;
}

std::pair<std::string, std::string> InputTagOf(const Json& dataset_input) {
  const Json& described = ObjectOf(dataset_input, "dataset");
  Json kept = {{"dataset", Json::object()}, {"tags", Json::array()}};
  for (const char* name : mlflow::kDatasetFields) {
    if (std::string text = TextOf(described, name); !text.empty()) kept["dataset"][name] = text;
  }
  for (const Json& tag : ItemsOf(dataset_input, "tags")) {
    kept["tags"].push_back({{"key", TextOf(tag, "key")}, {"value", TextOf(tag, "value")}});
  }
  return {mlflow::InputTagKey(TextOf(described, "name"), TextOf(described, "digest")),
          mlflow::InputTagValue(std::move(kept), kMostTagValueBytes)};
}

std::string ModelInputTagOf(const std::string& model_id) {
  return std::string(mlflow::kModelInputTagPrefix) + model_id;
}

}  // namespace cairn::mlflow_import
