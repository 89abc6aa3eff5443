// Which versions of a data set are kept: set retention, prune dataset.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "client-cli/cli/command.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/cli/reference.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/dataset_text.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

// The rule that the flags ask for.
absl::StatusOr<v1::RetentionRule> RuleFromFlags(const Settings& flags) {
  v1::RetentionRule rule;
  if (flags.IsGiven("keep-last")) {
    const int64_t keep_last = flags.Integer("keep-last");
    if (keep_last < 1 || keep_last > std::numeric_limits<int32_t>::max()) {
      return UsageError("--keep-last must be a number from 1 on");
    }
    rule.set_keep_last(static_cast<int32_t>(keep_last));
  }
  if (flags.IsGiven("keep-for")) {
    CAIRN_ASSIGN_OR_RETURN(const int64_t millis, ParseDurationMillis(flags.Text("keep-for")));
    rule.mutable_keep_for()->set_seconds(millis / 1000);
    rule.mutable_keep_for()->set_nanos(static_cast<int32_t>(millis % 1000) * 1'000'000);
  }
  return rule;
}

absl::StatusOr<int> SetRetention(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::UpdateDatasetRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_dataset()->mutable_name(),
                         ResolveDataset(call.arguments[0]));
  request.mutable_update_mask()->add_paths("retention");
  const Settings& flags = session.flags();
  const bool has_rule = flags.IsGiven("keep-last") || flags.IsGiven("keep-for");
  if (flags.Switch("none") == has_rule) {
    return UsageError("set retention needs --keep-last, --keep-for or both, or else --none");
  }
  if (has_rule) {
    CAIRN_ASSIGN_OR_RETURN(*request.mutable_dataset()->mutable_retention(), RuleFromFlags(flags));
  }
  const std::string rule = RetentionText(request.dataset());
  request.set_validate_only(flags.Switch("dry-run"));
  CAIRN_ASSIGN_OR_RETURN(const auto dataset, client->datasets().UpdateDataset(request));
  session.Hint(fmt::format("`mlctl prune dataset {} --dry-run` tells what it removes",
                           dataset.display_name()));
  return session.EmitChange(dataset, fmt::format("{}: {}\n", dataset.display_name(), rule),
                            dataset.name(), dataset.display_name());
}

std::string PruneText(const v1::ApplyDatasetRetentionResponse& answer,
                      std::string_view participle) {
  std::string text;
  for (const std::string& name : answer.deleted()) {
    text += fmt::format("{}{}\n", ShortName(name), participle);
  }
  for (const auto& kept : answer.kept()) {
    text += fmt::format("{} kept: {}\n", ShortName(kept.name()), ShortName(kept.user()));
  }
  return text;
}

absl::StatusOr<int> PruneDataset(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::ApplyDatasetRetentionRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_name(), ResolveDataset(call.arguments[0]));
  const bool only_say = session.flags().Switch("dry-run");
  request.set_validate_only(only_say);
  if (!only_say) {
    CAIRN_RETURN_IF_ERROR(session.Confirm(
        fmt::format("Delete the versions of {} that its rule does not keep?", request.name())));
  }
  v1::ApplyDatasetRetentionResponse all;
  do {
    CAIRN_ASSIGN_OR_RETURN(const auto part, client->datasets().ApplyDatasetRetention(request));
    all.mutable_deleted()->MergeFrom(part.deleted());
    // Each call begins with the oldest version again.
    *all.mutable_kept() = part.kept();
    all.set_more(part.more());
  } while (all.more() && !only_say);
  session.Note(
      fmt::format("{} {}{} versions, kept {} that are used", only_say ? "would delete" : "deleted",
                  only_say && all.more() ? "more than " : "", all.deleted_size(), all.kept_size()));
  return session.EmitText(all, PruneText(all, only_say ? "" : " deleted"), request.name(),
                          ShortName(request.name()));
}

}  // namespace

std::vector<Command> RetentionCommands() {
  return {
      {.path = "set retention",
       .family = "Data",
       .summary = "Say which versions of a data set are kept",
       .arguments = {{"NAME", 1, 1, "dataset"}},
       .flags = {{.name = "keep-last",
                  .kind = FlagKind::kInteger,
                  .value = "N",
                  .help = "keep the newest N versions"},
                 {.name = "keep-for",
                  .kind = FlagKind::kDuration,
                  .value = "DURATION",
                  .help = "keep versions younger than this, such as 90d"},
                 {.name = "none", .kind = FlagKind::kSwitch, .help = "keep all versions again"},
                 kDryRun},
       .examples = {{"mlctl set retention retail --keep-last 10", "the newest ten"},
                    {"mlctl set retention retail --keep-last 3 --keep-for 90d",
                     "the newest three, and all of the last 90 days"},
                    {"mlctl set retention retail --none", "keep everything"}},
       .details = "Older versions go when a new one is stored, and with `mlctl prune dataset`.\n"
                  "Never removed are the newest version and those that an alias points at, that\n"
                  "something was made from or measured on, or that a run made.",
       .handler = SetRetention},
      {.path = "prune dataset",
       .family = "Delete",
       .summary = "Delete the versions that a data set's retention rule does not keep",
       .arguments = {{"NAME", 1, 1, "dataset"}},
       .flags = {kYes, kDryRun},
       .examples = {{"mlctl prune dataset retail --dry-run", "list what would be deleted"},
                    {"mlctl prune dataset retail --yes", "without asking"},
                    {"mlctl set retention retail --keep-last 10", "set the rule"}},
       .details = "Versions that something uses are kept, and listed with what uses them.",
       .handler = PruneDataset},
  };
}

}  // namespace cairn::cli
