#include "server/mlflow/registry_calls.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "server/mlflow/error.h"

namespace cairn::mlflow {
namespace {

constexpr int kRowsOfList = 1000;
constexpr int kMostReasons = 10;

absl::Status NoSuchModel(std::string_view model) {
  return Refuse(kNotExists,
                fmt::format("Registered Model with name={} not found", Shortened(model, 300)));
}

absl::Status NoSuchVersion(std::string_view model, std::string_view number) {
  return Refuse(kNotExists, fmt::format("Model Version (name={}, version={}) not found",
                                        Shortened(model, 300), Shortened(number, 30)));
}

void CheckTagKey(const Fields& fields, const std::string& key) {
  if (!IsOwnTag(key)) return;
  fields.Refuse(Refuse(kInvalidParameter,
                       fmt::format("The tag '{}' is kept by the server itself: what it says is set "
                                   "by the call that is for it.",
                                   key)));
}

// Adds a sentence, unless it is said already.
void Say(const std::string& sentence, std::string& text) {
  if (!sentence.empty() && text.find(sentence) == text.npos) text += " " + sentence;
}

// Why a policy did not choose the version: what it says, and each rule that did not pass.
std::string ReasonsOf(const v1::Decision& decision, const std::string& version) {
  std::string text = decision.message();
  for (const v1::CandidateResult& candidate : decision.candidates()) {
    if (candidate.version() != version) continue;
    Say(candidate.message(), text);
    int told = 0;
    for (const v1::CheckResult& check : candidate.checks()) {
      const bool passed = check.verdict() == v1::PASS || check.verdict() == v1::SKIPPED;
      if (passed || check.shadow() || ++told > kMostReasons) continue;
      if (text.find(check.message()) == text.npos) {
        Say(fmt::format("{}: {}", check.id(), check.message()), text);
      }
    }
  }
  return text;
}

absl::Status ErrorOfDecision(const v1::Decision& decision, const std::string& version) {
  const bool serves = decision.previous_version() == version;
  switch (decision.outcome()) {
    case v1::Decision::PROMOTED:
      return absl::OkStatus();
    case v1::Decision::NO_CHANGE:
      if (serves || decision.chosen_version() == version) return absl::OkStatus();
      break;
    case v1::Decision::NOT_ENFORCED:
      if (serves || decision.previous_version().empty()) return absl::OkStatus();
      break;
    default:
      break;
  }
  std::string text = fmt::format("The policy of {} does not let {} in: {}", decision.channel(),
                                 version, ReasonsOf(decision, version));
  if (decision.committed()) text += fmt::format(". The decision is at /{}", decision.name());
  return Refuse(kInvalidParameter, text);
}

}  // namespace

std::string VersionField::name() const { return ModelVersionName(model, number); }

VersionField RequiredVersion(const Fields& fields) {
  VersionField version;
  version.model = fields.Required("name");
  const std::string text = fields.Required("version");
  if (text.empty()) return version;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, version.number);
  if (read.ptr != end || read.ec == std::errc::invalid_argument) {
    fields.Refuse(InvalidText(text, "version", "Parameter 'version' must be an integer as text"));
  } else if (read.ec != std::errc() || version.number < 1) {
    fields.Refuse(NoSuchVersion(version.model, text));
  }
  return version;
}

void TakeTags(const Fields& fields, google::protobuf::Map<std::string, std::string>& tags) {
  for (const Fields& tag : fields.Items("tags")) {
    const std::string key = tag.Required("key");
    CheckTagKey(fields, key);
    tags[key] = tag.Text("value");
  }
}

std::string RequiredTagKey(const Fields& fields) {
  std::string key = fields.Required("key");
  CheckTagKey(fields, key);
  return key;
}

absl::Status ErrorOfModel(const std::string& model, const absl::Status& error) {
  return HasReason(error, ErrorReason::MODEL_NOT_FOUND) ? NoSuchModel(model) : error;
}

absl::Status ErrorOfVersion(const VersionField& version, const absl::Status& error) {
  const bool gone = HasReason(error, ErrorReason::MODEL_VERSION_NOT_FOUND) ||
                    HasReason(error, ErrorReason::MODEL_NOT_FOUND);
  return gone ? NoSuchVersion(version.model, std::to_string(version.number)) : error;
}

Task<absl::StatusOr<v1::Model>> GetModel(Session& session, std::string model) {
  v1::GetModelRequest get;
  get.set_name(ModelName(model));
  auto found = co_await session.Call(session.rows().get_model, std::move(get));
  if (!found.ok()) co_return ErrorOfModel(model, found.status());
  co_return std::move(found);
}

Task<absl::StatusOr<v1::ModelVersion>> GetVersion(Session& session, VersionField version) {
  v1::GetModelVersionRequest get;
  get.set_name(version.name());
  auto found = co_await session.Call(session.rows().get_model_version, std::move(get));
  if (!found.ok()) co_return ErrorOfVersion(version, found.status());
  co_return std::move(found);
}

Task<absl::StatusOr<std::vector<v1::ModelVersion>>> ListVersions(Session& session,
                                                                 std::string model) {
  std::vector<v1::ModelVersion> all;
  v1::ListModelVersionsRequest list;
  list.set_parent(ModelName(model));
  list.set_page_size(kRowsOfList);
  do {
    auto page = co_await session.Call(session.rows().list_model_versions, list);
    if (!page.ok()) co_return ErrorOfModel(model, page.status());
    for (v1::ModelVersion& version : *page->mutable_model_versions()) {
      version.clear_files();
      all.push_back(std::move(version));
    }
    list.set_page_token(page->next_page_token());
  } while (!list.page_token().empty());
  co_return std::move(all);
}

Task<absl::StatusOr<std::map<std::string, std::string>>> ListAliases(Session& session,
                                                                     std::string model) {
  std::map<std::string, std::string> all;
  v1::ListAliasesRequest list;
  list.set_parent(ModelName(model));
  list.set_page_size(kRowsOfList);
  do {
    const auto page = co_await session.Call(session.rows().list_aliases, list);
    if (!page.ok()) co_return ErrorOfModel(model, page.status());
    for (const v1::Alias& alias : page->aliases()) {
      const auto ids = ParseResourceName("alias", alias.name(), "models/*/aliases/*");
      if (ids.ok()) all[(*ids)[1]] = std::to_string(alias.version());
    }
    list.set_page_token(page->next_page_token());
  } while (!list.page_token().empty());
  co_return std::move(all);
}

Task<absl::StatusOr<std::vector<v1::Channel>>> GovernedChannels(Session& session,
                                                                std::string parent) {
  std::vector<v1::Channel> governed;
  v1::ListChannelsRequest list;
  list.set_parent(parent);
  list.set_page_size(kRowsOfList);
  do {
    auto page = co_await session.Call(session.rows().list_channels, list);
    if (!page.ok()) co_return page.status();
    for (v1::Channel& channel : *page->mutable_channels()) {
      if (!channel.policy().empty()) governed.push_back(std::move(channel));
    }
    list.set_page_token(page->next_page_token());
  } while (!list.page_token().empty());
  co_return std::move(governed);
}

std::map<std::string, ServedStages> ServedBy(const std::vector<v1::Channel>& channels) {
  std::map<std::string, ServedStages> served;
  for (const v1::Channel& channel : channels) {
    const auto name = ParseChannelName("channel", channel.name());
    if (!name.ok() || channel.version().empty()) continue;
    const auto stage = StageNamed(name->channel);
    if (stage == kProduction || stage == kStaging) {
      served[name->model][*stage] = channel.version();
    }
  }
  return served;
}

Task<absl::StatusOr<ServedStages>> ServedOf(Session& session, std::string model) {
  const std::string parent = ModelName(model);
  const auto channels = co_await GovernedChannels(session, parent);
  if (!channels.ok()) co_return ErrorOfModel(model, channels.status());
  co_return ServedBy(*channels)[model];
}

Task<absl::StatusOr<std::string>> VersionReply(Session& session, VersionField version) {
  const auto found = co_await GetVersion(session, version);
  if (!found.ok()) co_return found.status();
  const auto served = co_await ServedOf(session, version.model);
  if (!served.ok()) co_return served.status();
  gateway::JsonText json;
  json.Begin('{').Key("model_version");
  WriteVersion(*found, *served, /*with_aliases=*/true, json);
  json.End('}');
  co_return json.Take();
}

Task<absl::Status> AskPolicies(Session& session, VersionField version, std::string word,
                               bool any_case) {
  const std::string parent = ModelName(version.model);
  const auto channels = co_await GovernedChannels(session, parent);
  if (!channels.ok()) co_return ErrorOfModel(version.model, channels.status());
  for (const v1::Channel& channel : *channels) {
    const auto name = ParseChannelName("channel", channel.name());
    if (!name.ok()) continue;
    const bool meant =
        any_case ? AsciiLower(name->channel) == AsciiLower(word) : name->channel == word;
    if (!meant || channel.version() == version.name()) continue;
    v1::PromoteRequest promote;
    promote.set_name(channel.name());
    promote.set_version(version.name());
    const auto decision = co_await session.Call(session.rows().promote, std::move(promote));
    if (!decision.ok()) co_return ErrorOfVersion(version, decision.status());
    CAIRN_CO_RETURN_IF_ERROR(ErrorOfDecision(*decision, version.name()));
  }
  co_return absl::OkStatus();
}

}  // namespace cairn::mlflow
