#include "server/mlflow/registry_entities.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/resource_names.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/pairs.h"
#include "server/mlflow/prompt.h"

namespace cairn::mlflow {
namespace {

using gateway::JsonText;
using VersionTags = google::protobuf::Map<std::string, std::string>;

constexpr std::array kStages = {kNoStage, kStaging, kProduction, kArchived};
constexpr std::array kOwnTags = {kStageTag, kSourceTag, kStorageTag, kNamedRunTag, kRunLinkTag};

std::string TagOf(const VersionTags& tags, std::string_view key) {
  const auto tag = tags.find(std::string(key));
  return tag == tags.end() ? "" : tag->second;
}

std::string_view LastPart(std::string_view name) { return name.substr(name.rfind('/') + 1); }

void WriteTags(const VersionTags& tags, JsonText& json) {
  SortedPairs shown = Sorted(tags);
  std::erase_if(shown, [](const auto& tag) { return IsOwnTag(tag.first); });
  const std::string long_prompt = JoinedPromptText(tags);
  if (!long_prompt.empty()) shown[kPromptTextTag] = long_prompt;
  WritePairs("tags", shown, json);
}

}  // namespace

bool IsOwnTag(std::string_view key) {
  return key.starts_with(kPromptPiecePrefix) ||
         std::find(kOwnTags.begin(), kOwnTags.end(), key) != kOwnTags.end();
}

std::optional<std::string_view> StageNamed(std::string_view text) {
  for (const std::string_view stage : kStages) {
    if (AsciiLower(stage) == AsciiLower(text)) return stage;
  }
  return std::nullopt;
}

std::string_view StageOf(const v1::ModelVersion& version, const ServedStages& served) {
  if (version.state() == v1::ModelVersion::ARCHIVED) return kArchived;
  for (const auto& [stage, name] : served) {
    if (name == version.name()) return stage;
  }
  const auto stage = StageNamed(TagOf(version.tags(), kStageTag));
  // Another version has it: this one was moved there once.
  if (!stage.has_value() || served.contains(*stage)) return kNoStage;
  return *stage;
}

std::string_view NumberTextOf(const v1::ModelVersion& version) { return LastPart(version.name()); }

int64_t NumberOf(const v1::ModelVersion& version) {
  const std::string_view text = NumberTextOf(version);
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string ModelOf(const v1::ModelVersion& version) {
  const auto name = ParseModelVersionName("name", version.name());
  return name.ok() ? name->parent_id : "";
}

std::string RunIdOf(const v1::ModelVersion& version) {
  const std::string named = TagOf(version.tags(), kNamedRunTag);
  return named.empty() ? std::string(LastPart(version.run())) : named;
}

std::string SourceOf(const v1::ModelVersion& version) {
  std::string source = TagOf(version.tags(), kSourceTag);
  if (!source.empty()) return source;
  const auto original = ParseModelVersionName("name", version.copied_from());
  if (original.ok()) return fmt::format("models:/{}/{}", original->parent_id, original->version);
  if (version.run().empty()) return "";
  return fmt::format("mlflow-artifacts:/{}/{}/artifacts", ExperimentIdOf(version.run()),
                     LastPart(version.run()));
}

std::string DownloadUriOf(const v1::ModelVersion& version) {
  std::string location = TagOf(version.tags(), kStorageTag);
  return location.empty() ? SourceOf(version) : location;
}

std::map<std::string_view, const v1::ModelVersion*> LatestOf(
    const std::vector<v1::ModelVersion>& versions, const ServedStages& served) {
  std::map<std::string_view, const v1::ModelVersion*> latest;
  for (const v1::ModelVersion& version : versions) {
    const v1::ModelVersion*& best = latest[StageOf(version, served)];
    if (best == nullptr || NumberOf(*best) < NumberOf(version)) best = &version;
  }
  return latest;
}

void WriteVersion(const v1::ModelVersion& version, const ServedStages& served, bool with_aliases,
                  JsonText& json) {
  const auto& updated = version.has_update_time() ? version.update_time() : version.create_time();
  json.Begin('{').Key("name").Text(ModelOf(version)).Key("version").Text(NumberTextOf(version));
  json.Key("creation_timestamp").Int(MillisOf(version.create_time()));
  json.Key("last_updated_timestamp").Int(MillisOf(updated));
  json.Key("current_stage").Text(StageOf(version, served));
  json.Key("description").Text(version.description());
  json.Key("source").Text(SourceOf(version)).Key("run_id").Text(RunIdOf(version));
  json.Key("status").Text("READY");
  WriteTags(version.tags(), json);
  json.Key("run_link").Text(TagOf(version.tags(), kRunLinkTag));
  if (with_aliases && !version.aliases().empty()) {
    json.Key("aliases").Begin('[');
    for (const std::string& alias : version.aliases()) json.Text(alias);
    json.End(']');
  }
  json.End('}');
}

void WriteModel(const v1::Model& model, const std::vector<v1::ModelVersion>& versions,
                const ServedStages& served, const std::map<std::string, std::string>& aliases,
                JsonText& json) {
  json.Begin('{').Key("name").Text(model.display_name());
  json.Key("creation_timestamp").Int(MillisOf(model.create_time()));
  json.Key("last_updated_timestamp").Int(MillisOf(model.update_time()));
  json.TextUnlessEmpty("description", model.description());
  if (!versions.empty()) {
    json.Key("latest_versions").Begin('[');
    for (const auto& [stage, version] : LatestOf(versions, served)) {
      WriteVersion(*version, served, /*with_aliases=*/false, json);
    }
    json.End(']');
  }
  WriteTags(model.tags(), json);
  if (!aliases.empty()) {
    json.Key("aliases").Begin('[');
    for (const auto& [alias, version] : aliases) {
      json.Begin('{').Key("alias").Text(alias).Key("version").Text(version).End('}');
    }
    json.End(']');
  }
  json.End('}');
}

}  // namespace cairn::mlflow
