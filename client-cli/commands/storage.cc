// What the bytes of artifacts need, and getting rid of them: delete artifact, du, gc, scrub.

#include <string>
#include <utility>
#include <vector>

#include "client-cli/cli/reference.h"
#include "client-cli/cli/terminal.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/each_target.h"
#include "client-cli/commands/operations.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"

#include "fmt/format.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

absl::StatusOr<int> DeleteArtifact(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(session, call.arguments[0]));
  v1::DeleteArtifactsRequest request;
  request.set_run(run.name());
  request.mutable_paths()->Assign(call.arguments.begin() + 1, call.arguments.end());
  request.set_validate_only(session.flags().Switch("dry-run"));
  if (!request.validate_only()) {
    const std::string files =
        FirstAndMore(request.paths(0), static_cast<size_t>(request.paths_size()));
    CAIRN_RETURN_IF_ERROR(session.Confirm(fmt::format("Delete {} from {}?", files, run.name())));
  }
  CAIRN_ASSIGN_OR_RETURN(const auto removed, client->artifacts().DeleteArtifacts(request));
  std::string text;
  for (const v1::ArtifactFile& file : removed.files()) {
    text += fmt::format("{}{}\n", file.path(), request.validate_only() ? "" : " deleted");
  }
  if (request.validate_only()) {
    session.Note(fmt::format("would delete {} files of {} (checked by the server)",
                             removed.file_count(), run.name()));
  }
  if (const int64_t rest = removed.file_count() - removed.files_size(); rest > 0) {
    session.Note(fmt::format("and {} more", rest));
  }
  return session.EmitText(removed, text, run.name(), ShortName(run.name()));
}

Cell Bytes(int64_t bytes) { return {std::to_string(bytes), HumanBytes(bytes)}; }

Cell Count(int64_t count) { return {std::to_string(count)}; }

Table UsageTable(const v1::BlobUsage& usage) {
  Table table;
  table.columns = {{.title = "NAME", .id = true},
                   {"FILES", false, true},
                   {"SIZE", false, true},
                   {"BLOBS", false, true},
                   {"STORED", false, true}};
  std::vector<Cell> cells = {Cell(usage.name().empty() ? "-" : usage.name()),
                             Count(usage.file_count()), Bytes(usage.file_bytes()),
                             Count(usage.blob_count()), Bytes(usage.blob_bytes())};
  const auto add = [&](const char* title, Cell cell) {
    table.columns.push_back({title, false, true});
    cells.push_back(std::move(cell));
  };
  if (usage.name().empty()) {
    add("INLINE", Bytes(usage.inline_bytes()));
    add("PACKS", Count(usage.pack_count()));
    add("PACKED", Bytes(usage.pack_bytes()));
  } else {
    add("OWN", Bytes(usage.blob_bytes() - usage.shared_bytes()));
    add("SHARED", Bytes(usage.shared_bytes()));
  }
  add("RECLAIMABLE", Bytes(usage.reclaimable_bytes()));
  table.rows.push_back({usage.name(), ShortName(usage.name()), std::move(cells)});
  return table;
}

absl::StatusOr<int> DiskUsage(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::GetBlobUsageRequest request;
  if (!call.arguments.empty()) {
    CAIRN_ASSIGN_OR_RETURN(*request.mutable_name(), ResolveFiles(session, call.arguments[0]));
  }
  CAIRN_ASSIGN_OR_RETURN(const v1::BlobUsage usage, client->artifacts().GetBlobUsage(request));
  return session.Emit(usage, UsageTable(usage));
}

absl::StatusOr<int> CollectGarbage(Session& session, const Invocation&) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::CollectGarbageRequest request;
  request.set_dry_run(session.flags().Switch("dry-run"));
  CAIRN_ASSIGN_OR_RETURN(auto operation, client->artifacts().CollectGarbage(request));
  return AwaitOperation(session, std::move(operation));
}

absl::StatusOr<int> Scrub(Session& session, const Invocation&) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(auto operation, client->artifacts().ScrubBlobs({}));
  return AwaitOperation(session, std::move(operation));
}

}  // namespace

std::vector<Command> StorageCommands() {
  return {
      {.path = "delete artifact",
       .family = "Delete",
       .summary = "Remove files from a run's artifacts",
       .arguments = {{"RUN", 1, 1, "run"}, {"PATH", 1, -1}},
       .flags = {kYes, kDryRun},
       .examples = {{"mlctl delete artifact 9f3c model/old.bin", "asks first"},
                    {"mlctl delete artifact 9f3c checkpoints/ --yes", "all files below a folder"},
                    {"mlctl delete artifact 9f3c checkpoints/ --dry-run",
                     "list what would be removed"}},
       .details = "All of them or none. A path that ends with / stands for all files below it.\n"
                  "Versions that were registered from the run keep their files. `mlctl gc` gives\n"
                  "the room back.",
       .handler = DeleteArtifact},
      {.path = "du",
       .family = "Operate",
       .summary = "Show how much room files take on the server",
       .arguments = {{"REFERENCE", 0, 1, "model"}},
       .flags = {},
       .examples = {{"mlctl du", "the whole server"},
                    {"mlctl du dataset:retail@3", "a data set version"},
                    {"mlctl du customer-segments@latest -o json", "a model version, exactly"}},
       .details = "SIZE is what readers see, STORED what it needs once equal parts are kept once.\n"
                  "SHARED is what something else needs as well, OWN the rest. RECLAIMABLE is what\n"
                  "`mlctl gc` would free if the resource were gone; of the whole server, what\n"
                  "nothing refers to now.",
       .handler = DiskUsage},
      {.path = "gc",
       .family = "Operate",
       .summary = "Remove bytes that nothing refers to, and give their room back",
       .arguments = {},
       .flags = {kDryRun, kBackground, kPatience},
       .examples = {{"mlctl gc --dry-run", "count what would be removed"},
                    {"mlctl gc", "with its progress"},
                    {"mlctl gc --background -q", "prints the operation"}},
       .details = "What was sent or asked about within the last lease is kept, so that uploads\n"
                  "under way lose nothing. Ctrl-C ends the waiting; the collection goes on.",
       .handler = CollectGarbage},
      {.path = "scrub",
       .family = "Operate",
       .summary = "Read all bytes of artifacts and report what is damaged",
       .arguments = {},
       .flags = {kBackground, kPatience},
       .examples = {{"mlctl scrub", "with its progress"},
                    {"mlctl scrub -o json", "with the digests of damaged blobs"},
                    {"mlctl scrub --background -q", "prints the operation"}},
       .details = "Ends with 9 when something is damaged. A damaged blob counts as missing from\n"
                  "then on: sending the same file again heals it. Ctrl-C ends the waiting; the\n"
                  "scrub goes on.",
       .handler = Scrub},
  };
}

}  // namespace cairn::cli
