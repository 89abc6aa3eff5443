#include "server/mlflow/dataset_inputs.h"

#include <set>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/mlflow/bounded_json.h"
#include "lib/mlflow/stored_inputs.h"
#include "nlohmann/json.hpp"
#include "server/core/limits.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"
#include "server/mlflow/logged_model.h"
#include "server/mlflow/logged_model_calls.h"

namespace cairn::mlflow {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kContextTag = "mlflow.data.context";

// A member that is a text; "" for anything else.
std::string MemberOf(const Json& object, const char* name) {
  if (!object.is_object()) return {};
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

std::string InputKey(const Json& dataset) {
  return InputTagKey(MemberOf(dataset, "name"), MemberOf(dataset, "digest"));
}

std::string Dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// An input as it is stored, with nothing in it that is none; null for anything else, because
// everybody may write tags.
Json ParsedInput(std::string_view text) {
  const Json stored = ParseJson(text);
  if (!stored.is_object() || !stored.contains("dataset")) return {};
  Json input;
  Json& dataset = input["dataset"] = Json::object();
  for (const char* name : kDatasetFields) {
    std::string member = MemberOf(stored["dataset"], name);
    if (!member.empty()) dataset[name] = std::move(member);
  }
  Json& tags = input["tags"] = Json::array();
  if (!stored.contains("tags")) return input;
  for (const Json& tag : stored["tags"]) {
    tags.push_back({{"key", MemberOf(tag, "key")}, {"value", MemberOf(tag, "value")}});
  }
  return input;
}

Json InputOf(const Fields& fields) {
  Json input;
  Json& dataset = input["dataset"] = Json::object();
  if (const auto described = fields.Object("dataset"); described.has_value()) {
    for (const char* name : kDatasetFields) {
      std::string text = described->Text(name);
      if (!text.empty()) dataset[name] = std::move(text);
    }
  }
  Json& tags = input["tags"] = Json::array();
  for (const Fields& tag : fields.Items("tags")) {
    tags.push_back({{"key", tag.Text("key")}, {"value", tag.Text("value")}});
  }
  return input;
}

// The tags of `later` count where both have one.
void MergeTags(Json& input, const Json& later) {
  for (const Json& tag : later["tags"]) {
    bool known = false;
    for (Json& own : input["tags"]) {
      if (own["key"] != tag["key"]) continue;
      own = tag;
      known = true;
    }
    if (!known) input["tags"].push_back(tag);
  }
}

// The id of the logged model that a tag stands for; "" for another tag.
std::string_view ModelInputOf(std::string_view key) {
  if (!key.starts_with(kModelInputTagPrefix)) return "";
  key.remove_prefix(kModelInputTagPrefix.size());
  return UidOfModelId(key).has_value() ? key : "";
}

absl::StatusOr<std::string> InputValue(Json input) {
  std::string value = InputTagValue(std::move(input), limits::kRunTagValueBytes);
  if (value.size() <= limits::kRunTagValueBytes) return value;
  return Refuse(kInvalidParameter, fmt::format("A data set is described in at most {} bytes.",
                                               limits::kRunTagValueBytes));
}

}  // namespace

absl::StatusOr<InputTags> MergedInputs(const v1::Run& run, const std::vector<Fields>& datasets) {
  std::map<std::string, Json> inputs;
  for (const Fields& fields : datasets) {
    Json input = InputOf(fields);
    const std::string key = InputKey(input["dataset"]);
    if (const auto stored = run.tags().find(key);
        stored != run.tags().end() && inputs.count(key) == 0) {
      Json known = ParsedInput(stored->second);
      if (!known.is_null()) inputs.emplace(key, std::move(known));
    }
    const auto [at, is_new] = inputs.try_emplace(key, input);
    if (!is_new) MergeTags(at->second, input);
  }
  InputTags tags;
  for (auto& [key, input] : inputs) {
    auto value = InputValue(std::move(input));
    if (!value.ok()) return value.status();
    tags[key] = *std::move(value);
  }
  return tags;
}

void AddModelInputs(const std::vector<Fields>& models, InputTags& tags) {
  for (const Fields& model : models) {
    const std::string id = model.Required("model_id");
    if (!UidOfModelId(id).has_value()) model.Refuse(NoSuchLoggedModel(id));
    tags[std::string(kModelInputTagPrefix) + id];
  }
}

bool IsInput(std::string_view key, std::string_view value) {
  if (!ModelInputOf(key).empty()) return true;
  return key.starts_with(kInputTagPrefix) && !ParsedInput(value).is_null();
}

void WriteInputs(const v1::Run& run, gateway::JsonText& json) {
  std::map<std::string_view, std::string> inputs;
  std::set<std::string_view> models;
  for (const auto& [key, value] : run.tags()) {
    if (const auto model = ModelInputOf(key); !model.empty()) models.insert(model);
    if (!std::string_view(key).starts_with(kInputTagPrefix)) continue;
    const Json input = ParsedInput(value);
    if (!input.is_null()) inputs[key] = Dumped(input);
  }
  json.Begin('{');
  if (!inputs.empty()) {
    json.Key("dataset_inputs").Begin('[');
    for (const auto& [key, input] : inputs) json.Json(input);
    json.End(']');
  }
  if (!models.empty()) {
    json.Key("model_inputs").Begin('[');
    for (const std::string_view model : models) {
      json.Begin('{').Key("model_id").Text(model).End('}');
    }
    json.End(']');
  }
  json.End('}');
}

std::vector<DatasetSummary> SummariesOf(const v1::Run& run) {
  std::map<std::string_view, DatasetSummary> by_key;
  for (const auto& [key, value] : run.tags()) {
    if (!std::string_view(key).starts_with(kInputTagPrefix)) continue;
    const Json input = ParsedInput(value);
    if (input.is_null()) continue;
    DatasetSummary& summary = by_key[key];
    summary.experiment_id = ExperimentIdOf(run.name());
    summary.name = MemberOf(input["dataset"], "name");
    summary.digest = MemberOf(input["dataset"], "digest");
    for (const Json& tag : input["tags"]) {
      if (MemberOf(tag, "key") == kContextTag) summary.context = MemberOf(tag, "value");
    }
  }
  std::vector<DatasetSummary> summaries;
  for (auto& [key, summary] : by_key) summaries.push_back(std::move(summary));
  return summaries;
}

void WriteSummary(const DatasetSummary& summary, gateway::JsonText& json) {
  json.Begin('{').Key("experiment_id").Text(summary.experiment_id);
  json.Key("name").Text(summary.name).Key("digest").Text(summary.digest);
  json.TextUnlessEmpty("context", summary.context).End('}');
}

}  // namespace cairn::mlflow
