#include <string>
#include <utility>
#include <vector>

#include "client-cli/cli/command.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/cli/reference.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/dataset_rows.h"
#include "client-cli/commands/dataset_text.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

absl::StatusOr<v1::DatasetVersion> FindVersion(Session& session, const std::string& text) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::GetDatasetVersionRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_name(), ResolveDatasetVersion(session, text));
  return client->datasets().GetDatasetVersion(request);
}

absl::StatusOr<int> DiffDataset(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const v1::DatasetVersion from, FindVersion(session, call.arguments[0]));
  CAIRN_ASSIGN_OR_RETURN(const v1::DatasetVersion to, FindVersion(session, call.arguments[1]));
  v1::DiffDatasetVersionsRequest request;
  request.set_from(from.name());
  request.set_to(to.name());
  CAIRN_ASSIGN_OR_RETURN(v1::DatasetDiff diff, client->datasets().DiffDatasetVersions(request));
  const std::vector<std::string> keys = session.flags().List("key");
  if (!keys.empty()) {
    CAIRN_ASSIGN_OR_RETURN(*diff.mutable_rows(),
                           CompareRows(session, from, to, session.flags().Text("file"), keys));
  }
  return session.EmitText(diff, DiffText(diff), diff.to(), ShortName(diff.to()));
}

absl::StatusOr<int> DeleteDatasetVersion(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const Reference reference, ParseReference(call.arguments[0]));
  const bool names_version = reference.kind == Reference::Kind::kVersion ||
                             reference.kind == Reference::Kind::kDatasetVersion ||
                             call.arguments[0].find("/versions/") != std::string::npos;
  if (!names_version) return UsageError("delete dataset needs NAME@VERSION");
  CAIRN_ASSIGN_OR_RETURN(const v1::DatasetVersion version, FindVersion(session, call.arguments[0]));
  const std::string id = ShortName(version.name());
  v1::DeleteDatasetVersionRequest request;
  request.set_name(version.name());
  request.set_validate_only(session.flags().Switch("dry-run"));
  if (!request.validate_only()) {
    CAIRN_RETURN_IF_ERROR(session.Confirm(fmt::format("Delete {}?", id)));
  }
  CAIRN_ASSIGN_OR_RETURN(const auto nothing, client->datasets().DeleteDatasetVersion(request));
  return session.EmitChange(nothing, fmt::format("{} deleted\n", id), version.name(), id);
}

absl::StatusOr<int> TagDataset(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::UpdateDatasetVersionRequest request;
  v1::DatasetVersion& wanted = *request.mutable_dataset_version();
  CAIRN_ASSIGN_OR_RETURN(*wanted.mutable_name(), ResolveDatasetVersion(session, call.arguments[0]));
  CAIRN_ASSIGN_OR_RETURN(const auto pairs,
                         ParsePairs({call.arguments.begin() + 1, call.arguments.end()}));
  for (const auto& [key, value] : pairs) {
    request.mutable_update_mask()->add_paths("tags." + key);
    (*wanted.mutable_tags())[key] = value;
  }
  for (const std::string& key : session.flags().List("remove")) {
    if (wanted.tags().contains(key)) {
      return UsageError(fmt::format("the tag {} is both set and removed", key));
    }
    request.mutable_update_mask()->add_paths("tags." + key);
  }
  if (request.update_mask().paths().empty()) {
    return UsageError("tag dataset needs KEY=VALUE or --remove KEY");
  }
  request.set_validate_only(session.flags().Switch("dry-run"));
  CAIRN_ASSIGN_OR_RETURN(const auto version, client->datasets().UpdateDatasetVersion(request));
  const std::string id = ShortName(version.name());
  return session.EmitChange(version, id + "\n", version.name(), id);
}

}  // namespace

std::vector<Command> DatasetCommands() {
  return {
      {.path = "diff dataset",
       .family = "Data",
       .summary = "Show what is different in two data set versions",
       .arguments = {{"FROM", 1, 1, "dataset"}, {"TO", 1, 1, "dataset"}},
       .flags = {{.name = "key",
                  .repeatable = true,
                  .value = "COLUMN",
                  .help = "compare rows that have the same value here"},
                 {.name = "file",
                  .kind = FlagKind::kPath,
                  .value = "PATH",
                  .help = "the file to compare by key, where a version has several"}},
       .examples = {{"mlctl diff dataset retail@1 retail@2", "files, columns, statistics"},
                    {"mlctl diff dataset retail@1 retail --key InvoiceNo --key StockCode",
                     "and which rows came, went or changed"},
                    {"mlctl diff dataset retail@1 clean@1 -o json", "for a script"}},
       .details = "How far a column's distribution moved is its population stability index:\n"
                  "below 0.1 is small, above 0.25 large. With --key both files are fetched and\n"
                  "compared here, in bounded memory; the first 20 rows of each kind are shown.",
       .handler = DiffDataset},
      {.path = "tag dataset",
       .family = "Data",
       .summary = "Set or remove tags of a data set version",
       .arguments = {{"NAME@VERSION", 1, 1, "dataset"}, {"KEY=VALUE", 0, -1}},
       .flags = {{.name = "remove", .repeatable = true, .value = "KEY", .help = "a tag to remove"},
                 kDryRun},
       .examples = {{"mlctl tag dataset retail@3 checked=yes", "sets one, keeps the others"},
                    {"mlctl tag dataset retail@3 --remove checked", "removes it"},
                    {"mlctl describe dataset retail@3", "see what there is"}},
       .handler = TagDataset},
      {.path = "delete dataset",
       .family = "Delete",
       .summary = "Delete a data set version that nothing was made from",
       .arguments = {{"NAME@VERSION", 1, 1, "dataset"}},
       .flags = {kYes, kDryRun},
       .examples = {{"mlctl delete dataset retail@3", "asks first"},
                    {"mlctl delete dataset retail@3 --yes", "without asking"},
                    {"mlctl delete dataset retail@3 --dry-run", "whether it could be deleted"}},
       .details = "The number is never used again. Refused while something was made from the\n"
                  "version or measured on it, or an alias points at it.",
       .handler = DeleteDatasetVersion},
  };
}

}  // namespace cairn::cli
