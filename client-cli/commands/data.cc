#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "client-cli/cli/command.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/cli/reference.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/dataset_profile.h"
#include "client-cli/commands/local_files.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "client-cli/commands/tables.h"
#include "client-cli/commands/transfer_meter.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "lib/base/status_macros.h"
#include "lib/client/downloader.h"
#include "lib/client/manifest_upload.h"
#include "lib/client/uploader.h"

namespace cairn::cli {
namespace {

absl::StatusOr<int> PutDataset(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  const Settings& flags = session.flags();
  const std::vector<std::string> paths(call.arguments.begin() + 1, call.arguments.end());
  CAIRN_ASSIGN_OR_RETURN(const auto items, CollectFiles(session, paths, ""));
  v1::CreateDatasetVersionRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_parent(), ResolveDataset(call.arguments[0]));
  request.set_validate_only(flags.Switch("dry-run"));
  v1::DatasetVersion& version = *request.mutable_dataset_version();
  version.set_row_count(flags.Integer("rows"));
  version.set_producer(flags.Text("producer"));
  CAIRN_ASSIGN_OR_RETURN(const auto tags, ParsePairs(flags.List("tag")));
  for (const auto& [key, value] : tags) (*version.mutable_tags())[key] = value;
  for (const std::string& parent : flags.List("parent")) {
    CAIRN_ASSIGN_OR_RETURN(const std::string name, ResolveDatasetVersion(session, parent));
    CAIRN_ASSIGN_OR_RETURN(*version.add_parents(), ResolveAny(session, name));
  }
  if (flags.IsGiven("run")) {
    CAIRN_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(session, flags.Text("run")));
    version.set_run(run.name());
  }
  CAIRN_RETURN_IF_ERROR(AttachProfile(session, paths, version));
  // A dry run needs the bytes too: the server checks that they are there.
  TransferMeter meter(session, "sent");
  CAIRN_ASSIGN_OR_RETURN(auto files, client::Uploader(*client, meter.callback()).Upload(items));
  meter.Finish();
  if (files.size() > client::kMaxNamedFiles) {
    CAIRN_ASSIGN_OR_RETURN(*request.mutable_manifest(),
                           client::UploadManifest(*client, std::move(files)));
  } else {
    for (auto& file : files) *version.add_files() = std::move(file);
  }
  CAIRN_ASSIGN_OR_RETURN(const auto stored,
                         client->datasets().CreateDatasetVersion(std::move(request)));
  const std::string id = ShortName(stored.name());
  return session.EmitText(stored, id + "\n", stored.name(), id);
}

absl::StatusOr<int> CreateDataset(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::CreateDatasetRequest request;
  request.mutable_dataset()->set_display_name(call.arguments[0]);
  request.mutable_dataset()->set_description(session.flags().Text("description"));
  request.set_validate_only(session.flags().Switch("dry-run"));
  CAIRN_ASSIGN_OR_RETURN(const auto created, client->datasets().CreateDataset(request));
  return session.EmitChange(created, created.name() + "\n", created.name(), created.display_name());
}

// A model alone has no files: says which of its channels and versions have. Other errors, and
// names that no model has, are passed on.
absl::Status WhichOfModel(Session& session, const std::string& name, absl::Status error) {
  if (!absl::IsNotFound(error) || name.find_first_of("/@#:") != std::string::npos) return error;
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::ListModelVersionsRequest versions;
  versions.set_parent("models/" + name);
  versions.set_page_size(1);
  const auto newest = client->registry().ListModelVersions(versions);
  if (!newest.ok()) return error;
  v1::ListChannelsRequest channels;
  channels.set_parent("models/" + name);
  CAIRN_ASSIGN_OR_RETURN(const auto listed, client->registry().ListChannels(channels));
  std::vector<std::string> choices;
  for (const v1::Channel& channel : listed.channels()) {
    const std::string served =
        channel.version().empty() ? "nothing yet" : ShortName(channel.version());
    choices.push_back(fmt::format("{} (serves {})", ShortName(channel.name()), served));
  }
  if (!newest->model_versions().empty()) {
    choices.push_back(ShortName(newest->model_versions(0).name()) + " (the newest)");
  }
  if (choices.empty()) return UsageError(fmt::format("{} is a model without versions", name));
  return UsageError(
      fmt::format("{} is a model; say which version: {}", name, fmt::join(choices, ", ")));
}

// What to fetch: `fetch REF`, or `fetch dataset|model|version|run REF`.
absl::StatusOr<std::string> FetchSource(Session& session, const Invocation& call) {
  std::string reference = call.arguments.back();
  if (call.arguments.size() == 2) {
    const std::string& noun = call.arguments[0];
    const bool known = noun == "dataset" || noun == "model" || noun == "version" || noun == "run";
    if (!known) return UsageError(fmt::format("fetch does not take \"{}\"", reference));
    if (noun == "dataset") {
      CAIRN_ASSIGN_OR_RETURN(reference, ResolveDatasetVersion(session, reference));
      return ResolveAny(session, reference);
    }
  }
  auto source = ResolveFiles(session, reference);
  if (source.ok()) return source;
  return WhichOfModel(session, reference, std::move(source).status());
}

absl::StatusOr<int> Fetch(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  const std::string directory = session.flags().Text("output-dir");
  CAIRN_ASSIGN_OR_RETURN(const std::string source, FetchSource(session, call));
  v1::ListArtifactsResponse fetched;
  std::vector<v1::ArtifactFile> files;
  if (session.flags().Switch("dry-run")) {
    CAIRN_ASSIGN_OR_RETURN(files, client->artifacts().ListAllArtifacts(source));
  } else {
    TransferMeter meter(session, "received");
    client::Downloader downloader(*client, meter.callback(), FetchOptions(session));
    CAIRN_ASSIGN_OR_RETURN(files, downloader.Fetch(source, directory));
    meter.Finish();
  }
  if (files.empty()) session.Hint(fmt::format("{} has no files", source));
  std::string text;
  for (auto& file : files) {
    text += (std::filesystem::path(directory) / file.path()).string() + "\n";
    *fetched.add_files() = std::move(file);
  }
  return session.EmitText(fetched, text, source, ShortName(source));
}

}  // namespace

std::vector<Command> DataCommands() {
  return {
      {.path = "create dataset",
       .family = "Data",
       .summary = "Create a data set without versions",
       .arguments = {{"NAME"}},
       .flags = {{.name = "description", .value = "TEXT", .help = "what it is"}, kDryRun},
       .examples = {{"mlctl create dataset retail", "an empty data set"},
                    {"mlctl create dataset retail --description 'two years of sales'", "described"},
                    {"mlctl put dataset retail sales.csv", "creates it with its first version"}},
       .handler = CreateDataset},
      {.path = "put dataset",
       .family = "Data",
       .summary = "Store files as the next version of a data set",
       .arguments = {{"NAME", 1, 1, "dataset"}, {"FILE", 1, -1, "file"}},
       .flags = {{.name = "rows",
                  .kind = FlagKind::kInteger,
                  .value = "N",
                  .help = "how many rows it has; -1 when not known, or counted",
                  .fallback = "-1"},
                 {.name = "no-profile",
                  .kind = FlagKind::kSwitch,
                  .help = "do not read columns and statistics from a .csv file"},
                 {.name = "parent",
                  .repeatable = true,
                  .value = "dataset:NAME@V",
                  .help = "a version it was made from"},
                 {.name = "run", .value = "RUN", .help = "the run that made it"},
                 kFollowLinks,
                 {.name = "producer", .value = "TEXT", .help = "the step that made it"},
                 kTags,
                 kDryRun},
       .examples = {{"mlctl put dataset retail sales.csv", "prints dataset:retail@1"},
                    {"mlctl put dataset clean out/ --parent dataset:retail@1", "with its parent"},
                    {"mlctl put dataset retail sales.csv --dry-run", "see what would be stored"}},
       .details = "The same files again return the version that holds them. Of a single .csv or\n"
                  ".csv.zst file the columns are stored with their types and statistics, and the\n"
                  "number of rows; `mlctl describe dataset` shows them.",
       .handler = PutDataset},
      {.path = "fetch",
       .family = "Data",
       .summary = "Fetch the files of a version, data set or run, verified",
       .arguments = {{"REFERENCE", 1, 2, "model"}},
       .flags = {{.name = "output-dir",
                  .letter = 'o',
                  .kind = FlagKind::kPath,
                  .value = "DIR",
                  .help = "where to; it is made if it does not exist",
                  .fallback = "."},
                 kCache,
                 kDryRun},
       .examples = {{"mlctl fetch customer-segments#production -o model/", "what is live"},
                    {"mlctl fetch dataset:retail@3 -o data/", "a data set version"},
                    {"mlctl fetch 9f3c2a -o run/", "the artifacts of a run"}},
       .details = "Prints each file. Every file is checked against its SHA-256 before it appears;\n"
                  "files that are there already are kept, so that a broken fetch goes on,\n"
                  "within large files too. With --cache each content is fetched once for all\n"
                  "directories.\n"
                  "Here -o is the directory; use --output for the format.",
       .handler = Fetch},
  };
}

}  // namespace cairn::cli
