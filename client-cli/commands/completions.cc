#include "client-cli/commands/completions.h"

#include <set>

#include "client-cli/cli/config.h"
#include "client-cli/cli/contexts.h"
#include "client-cli/cli/reference.h"
#include "client-cli/commands/nouns.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "lib/client/client.h"
#include "lib/command_line/completion.h"

namespace cairn::cli {
namespace {

constexpr int64_t kPatienceMillis = 200;

void AddVersions(client::Client& client, const std::string& model,
                 std::vector<std::string>& names) {
  v1::ListModelVersionsRequest request;
  request.set_parent("models/" + model);
  const auto versions = client.registry().ListModelVersions(request);
  if (!versions.ok()) return;
  for (const auto& version : versions->model_versions()) {
    names.push_back(ShortName(version.name()));
    for (const auto& alias : version.aliases()) names.push_back(fmt::format("{}@{}", model, alias));
  }
}

void AddModels(client::Client& client, const std::string& prefix, std::vector<std::string>& names) {
  const size_t mark = prefix.find_first_of("@#");
  if (mark != std::string::npos && prefix[mark] == '@') {
    AddVersions(client, prefix.substr(0, mark), names);
    return;
  }
  const auto models = client.registry().ListModels({});
  if (!models.ok()) return;
  for (const auto& model : models->models()) names.push_back(model.display_name());
}

void AddChannels(client::Client& client, std::vector<std::string>& names) {
  v1::ListChannelsRequest request;
  request.set_parent("models/-");
  const auto channels = client.registry().ListChannels(request);
  if (!channels.ok()) return;
  for (const auto& channel : channels->channels()) names.push_back(ShortName(channel.name()));
}

std::vector<std::string> AskServer(client::Client& client, const std::string& what,
                                   const std::string& prefix) {
  std::vector<std::string> names;
  if (what == "model" || what == "version" || what == "alias") AddModels(client, prefix, names);
  if (what == "channel" || what == "model" || what == "decision") AddChannels(client, names);
  if (what == "run") {
    const auto runs = client.tracking().SearchRuns({});
    if (runs.ok()) {
      for (const auto& run : runs->runs()) names.push_back(run.uid());
    }
  }
  if (what == "experiment") {
    const auto list = client.tracking().ListExperiments({});
    if (list.ok()) {
      for (const auto& item : list->experiments()) names.push_back(item.display_name());
    }
  }
  if (what == "operation") {
    const auto list = client.operations().ListOperations({});
    if (list.ok()) {
      for (const auto& item : list->operations()) names.push_back(item.name());
    }
  }
  if (what == "dataset") {
    const auto list = client.datasets().ListDatasets({});
    if (list.ok()) {
      for (const auto& item : list->datasets()) names.push_back(item.display_name());
    }
  }
  if (what == "policy") {
    const auto list = client.promotion().ListPolicies({});
    if (list.ok()) {
      for (const auto& item : list->policies()) names.push_back(ShortName(item.name()));
    }
  }
  return names;
}

// How the environment and files say that the server is reached.
absl::StatusOr<client::ConnectOptions> ServerOptions(const CommandTable& table,
                                                     const Environment& environment) {
  const auto files = LoadConfigFiles(table, ".", environment);
  CAIRN_ASSIGN_OR_RETURN(const Contexts contexts, LoadContexts(table, environment));
  CAIRN_ASSIGN_OR_RETURN(const auto with_context,
                         WithContext(contexts, Invocation(), environment,
                                     files.ok() ? *files : std::vector<ConfigFile>()));
  const auto settings = Settings::Resolve(table, Invocation(), environment, with_context);
  if (!settings.ok()) return settings.status();
  return ConnectOptionsOf(*settings);
}

// Nothing where no server answers: completion never complains.
std::vector<std::string> NamesOnServer(const CommandTable& table, const Environment& environment,
                                       const std::string& what, const std::string& prefix) {
  auto options = ServerOptions(table, environment);
  if (!options.ok()) return {};
  options->call_timeout_millis = kPatienceMillis;
  options->backoff.max_attempts = 1;
  const auto client = client::Client::Connect(*std::move(options));
  if (!client.ok()) return {};
  return AskServer(**client, what, prefix);
}

}  // namespace

std::string CompletionLines(const CommandTable& table, const std::vector<std::string>& words,
                            const Environment& environment) {
  const command_line::Completions completions = command_line::Complete(table, words);
  if (completions.dynamic == "file" && completions.words.empty()) return ":file\n";
  std::vector<std::string> candidates = completions.words;
  std::string what = completions.dynamic;
  if (what == "noun") {
    for (const Noun& noun : Nouns()) candidates.emplace_back(noun.names[0]);
  } else if (!what.empty()) {
    if (const auto noun = FindNoun(what); noun.ok()) what = std::string((*noun)->names[0]);
    for (std::string& name : NamesOnServer(table, environment, what, completions.prefix)) {
      candidates.push_back(std::move(name));
    }
  }
  std::string lines;
  std::set<std::string> seen;
  for (const std::string& candidate : candidates) {
    const bool fits = candidate.compare(0, completions.prefix.size(), completions.prefix) == 0;
    if (fits && seen.insert(candidate).second) lines += Printable(candidate) + "\n";
  }
  return lines;
}

}  // namespace cairn::cli
