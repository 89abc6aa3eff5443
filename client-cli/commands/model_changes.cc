// What changes models and their versions after they were registered.

#include <string>
#include <utility>
#include <vector>

#include "client-cli/cli/command.h"
#include "client-cli/cli/reference.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/each_target.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

constexpr Flag kNewDescription = {
    .name = "description", .value = "TEXT", .help = "what it says from now on"};
constexpr Flag kRemoveTags = {
    .name = "remove-tag", .repeatable = true, .value = "KEY", .help = "a tag to remove"};

// What --description, --tag and --remove-tag say, as fields of `wanted` and paths of the request's
// mask. A usage error where they say nothing, or a tag twice.
template <typename Resource, typename Request>
absl::Status TakeAnnotations(Session& session, Resource& wanted, Request& request) {
  const Settings& flags = session.flags();
  if (flags.IsGiven("description")) {
    wanted.set_description(flags.Text("description"));
    request.mutable_update_mask()->add_paths("description");
  }
  CAIRN_ASSIGN_OR_RETURN(const auto tags, ParsePairs(flags.List("tag")));
  for (const auto& [key, value] : tags) {
    request.mutable_update_mask()->add_paths("tags." + key);
    (*wanted.mutable_tags())[key] = value;
  }
  for (const std::string& key : flags.List("remove-tag")) {
    if (wanted.tags().contains(key)) {
      return UsageError(fmt::format("the tag {} is both set and removed", key));
    }
    request.mutable_update_mask()->add_paths("tags." + key);
  }
  if (!request.update_mask().paths().empty()) return absl::OkStatus();
  return UsageError("nothing to change: give --description, --tag or --remove-tag");
}

absl::StatusOr<int> UpdateModel(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::UpdateModelRequest request;
  v1::Model& wanted = *request.mutable_model();
  CAIRN_ASSIGN_OR_RETURN(*wanted.mutable_name(), ResolveModel(call.arguments[0]));
  CAIRN_RETURN_IF_ERROR(TakeAnnotations(session, wanted, request));
  request.set_validate_only(session.flags().Switch("dry-run"));
  CAIRN_ASSIGN_OR_RETURN(const v1::Model model, client->registry().UpdateModel(request));
  return session.EmitChange(model, model.name() + "\n", model.name(), model.display_name());
}

absl::StatusOr<int> EmitVersion(Session& session, const v1::ModelVersion& version,
                                std::string_view what) {
  const std::string id = ShortName(version.name());
  return session.EmitChange(version, fmt::format("{}{}\n", id, what), version.name(), id);
}

absl::StatusOr<int> UpdateVersion(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::UpdateModelVersionRequest request;
  v1::ModelVersion& wanted = *request.mutable_model_version();
  CAIRN_ASSIGN_OR_RETURN(const v1::ModelVersion found, ResolveVersion(session, call.arguments[0]));
  wanted.set_name(found.name());
  CAIRN_RETURN_IF_ERROR(TakeAnnotations(session, wanted, request));
  request.set_validate_only(session.flags().Switch("dry-run"));
  CAIRN_ASSIGN_OR_RETURN(const v1::ModelVersion version,
                         client->registry().UpdateModelVersion(request));
  return EmitVersion(session, version, "");
}

absl::StatusOr<std::vector<std::string>> NamedVersions(Session& session, const Invocation& call) {
  std::vector<std::string> names;
  for (const std::string& text : call.arguments) {
    CAIRN_ASSIGN_OR_RETURN(const v1::ModelVersion version, ResolveVersion(session, text));
    names.push_back(version.name());
  }
  return names;
}

// Calls `method` of the registry for each version; `what` is told of those it was done to.
template <typename Request>
absl::StatusOr<int> OfferVersions(
    Session& session, const Invocation& call, std::string_view what,
    absl::StatusOr<v1::ModelVersion> (client::RegistryClient::*method)(Request)) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const auto names, NamedVersions(session, call));
  return ForEachTarget(session, names, [&](const std::string& name) -> absl::StatusOr<int> {
    Request request;
    request.set_name(name);
    request.set_validate_only(session.flags().Switch("dry-run"));
    CAIRN_ASSIGN_OR_RETURN(const auto version, (client->registry().*method)(request));
    return EmitVersion(session, version, what);
  });
}

absl::StatusOr<int> ArchiveVersions(Session& session, const Invocation& call) {
  return OfferVersions(session, call, " archived", &client::RegistryClient::ArchiveModelVersion);
}

absl::StatusOr<int> RestoreVersions(Session& session, const Invocation& call) {
  return OfferVersions(session, call, " restored", &client::RegistryClient::RestoreModelVersion);
}

absl::StatusOr<int> DeleteVersions(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const auto names, NamedVersions(session, call));
  const bool dry_run = session.flags().Switch("dry-run");
  if (!dry_run) {
    CAIRN_RETURN_IF_ERROR(
        session.Confirm(fmt::format("Delete {} for good, with all evaluations?",
                                    FirstAndMore(ShortName(names[0]), names.size()))));
  }
  return ForEachTarget(session, names, [&](const std::string& name) -> absl::StatusOr<int> {
    v1::DeleteModelVersionRequest request;
    request.set_name(name);
    request.set_validate_only(dry_run);
    CAIRN_ASSIGN_OR_RETURN(const auto nothing, client->registry().DeleteModelVersion(request));
    const std::string id = ShortName(name);
    return session.EmitChange(nothing, id + " deleted\n", name, id);
  });
}

absl::StatusOr<int> CopyVersion(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::CopyModelVersionRequest request;
  CAIRN_ASSIGN_OR_RETURN(const v1::ModelVersion source, ResolveVersion(session, call.arguments[0]));
  request.set_source(source.name());
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_parent(), ResolveModel(call.arguments[1]));
  request.set_validate_only(session.flags().Switch("dry-run"));
  CAIRN_ASSIGN_OR_RETURN(const v1::ModelVersion version,
                         client->registry().CopyModelVersion(request));
  return EmitVersion(session, version, "");
}

std::vector<Command> UpdateCommands() {
  return {
      {.path = "update model",
       .family = "Registry",
       .summary = "Change the description and the tags of a model",
       .arguments = {{"MODEL", 1, 1, "model"}},
       .flags = {kNewDescription, kTags, kRemoveTags, kDryRun},
       .examples = {{"mlctl update model customer-segments --description 'who buys what'",
                     "other tags and fields stay"},
                    {"mlctl update model customer-segments --tag team=crm --remove-tag owner",
                     "sets one, removes another"},
                    {"mlctl update model customer-segments --tag team=crm --dry-run -o json",
                     "what it would be"}},
       .handler = UpdateModel},
      {.path = "update version",
       .family = "Registry",
       .summary = "Change the description and the tags of a model version",
       .arguments = {{"MODEL@VERSION", 1, 1, "model"}},
       .flags = {kNewDescription, kTags, kRemoveTags, kDryRun},
       .examples = {{"mlctl update version customer-segments@4 --tag checked=yes",
                     "for `where: tag('checked') == 'yes'` in a policy"},
                    {"mlctl update version customer-segments@4 --description 'without returns'",
                     "what it is"},
                    {"mlctl update version customer-segments@4 --remove-tag checked --dry-run",
                     "only say what would happen"}},
       .details = "Its files, parameters and lineage never change.",
       .handler = UpdateVersion},
      {.path = "copy version",
       .family = "Registry",
       .summary = "Make the next version of a model from another version",
       .arguments = {{"MODEL@VERSION", 1, 1, "model"}, {"MODEL", 1, 1, "model"}},
       .flags = {kDryRun},
       .examples = {{"mlctl copy version customer-segments@4 segments-eu", "into another model"},
                    {"mlctl copy version customer-segments#production segments-eu", "what is live"},
                    {"mlctl copy version customer-segments@1 customer-segments --dry-run",
                     "as the newest of its own model"}},
       .details = "Takes files, parameters, lineage and final evaluations. Tags, description and\n"
                  "aliases stay behind. Creates the model when it is new.",
       .handler = CopyVersion},
  };
}

}  // namespace

std::vector<Command> ModelChangeCommands() {
  std::vector<Command> commands = UpdateCommands();
  const std::vector<Command> ends = {
      {.path = "archive version",
       .family = "Registry",
       .summary = "Offer model versions no longer; they can be restored",
       .arguments = {{"MODEL@VERSION", 1, -1, "model"}},
       .flags = {kDryRun},
       .examples = {{"mlctl archive version customer-segments@1", "one"},
                    {"mlctl archive version customer-segments@1 customer-segments@2", "several"},
                    {"mlctl archive version customer-segments@1 --dry-run",
                     "whether it could be archived"}},
       .details = "An archived version is no candidate of a promotion, is not what @latest means\n"
                  "and is not served by a rollback. Refused while a channel serves it.",
       .handler = ArchiveVersions},
      {.path = "restore version",
       .family = "Registry",
       .summary = "Offer archived model versions again",
       .arguments = {{"MODEL@VERSION", 1, -1, "model"}},
       .flags = {kDryRun},
       .examples = {{"mlctl restore version customer-segments@1", "one"},
                    {"mlctl restore version customer-segments@1 customer-segments@2", "several"},
                    {"mlctl list versions customer-segments", "see what is archived"}},
       .handler = RestoreVersions},
      {.path = "delete version",
       .family = "Delete",
       .summary = "Delete archived model versions for good",
       .arguments = {{"MODEL@VERSION", 1, -1, "model"}},
       .flags = {kYes, kDryRun},
       .examples = {{"mlctl delete version trial-segments@1", "asks first"},
                    {"mlctl delete version trial-segments@1 --yes", "without asking"},
                    {"mlctl delete version trial-segments@1 --dry-run",
                     "whether it could be deleted"}},
       .details =
           "Its evaluations go with it and its number is never used again. Refused where an\n"
           "alias points at it and where a channel holds it, serves it or ever did.",
       .handler = DeleteVersions},
  };
  commands.insert(commands.end(), ends.begin(), ends.end());
  return commands;
}

}  // namespace cairn::cli
