#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "cairn/v1/audit.pb.h"
#include "client-cli/cli/command.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"
#include "lib/audit/export_file.h"
#include "lib/audit/verifier.h"
#include "lib/base/encoding.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "lib/client/paging.h"

namespace cairn::cli {
namespace {

absl::StatusOr<v1::ListAuditEntriesRequest> EntriesAskedFor(const Settings& flags) {
  v1::ListAuditEntriesRequest request;
  request.set_resource_prefix(flags.Text("resource"));
  for (const std::string& text : flags.List("kind")) {
    v1::Event::Kind kind = v1::Event::KIND_UNSPECIFIED;
    if (!v1::Event::Kind_Parse(absl::AsciiStrToUpper(text), &kind)) {
      return UsageError(fmt::format("--kind {}: no kind of event, such as decision_made", text));
    }
    request.add_kinds(kind);
  }
  return request;
}

Table EntryTable(const Session& session, const v1::ListAuditEntriesResponse& all) {
  Table table;
  table.columns = {{.title = "ENTRY", .id = true},
                   {"KIND"},
                   {"RESOURCE"},
                   {"PRINCIPAL"},
                   {"TIME"},
                   {"REVISION", true},
                   {"VALUE", true},
                   {"CHAIN", true}};
  for (const v1::AuditEntry& entry : all.entries()) {
    const std::string sequence = std::to_string(entry.sequence());
    table.rows.push_back(
        {entry.resource(),
         sequence,
         {Cell(sequence), Cell(v1::Event::Kind_Name(entry.kind())), Cell(entry.resource()),
          Cell(entry.principal()), session.TimeCell(entry.commit_time(), true),
          Cell(std::to_string(entry.revision())), Cell(entry.value_sha256()),
          Cell(entry.chain_sha256())}});
  }
  return table;
}

absl::StatusOr<int> ListEntries(Session& session, const Invocation&) {
  CAIRN_ASSIGN_OR_RETURN(const auto request, EntriesAskedFor(session.flags()));
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  const auto limit = session.flags().Switch("all") ? INT64_MAX : session.flags().Integer("limit");
  v1::ListAuditEntriesResponse all;
  CAIRN_RETURN_IF_ERROR(client::ForEachPage(
      request, [&](const auto& page) { return client->audit().ListAuditEntries(page); },
      [&](v1::ListAuditEntriesResponse& page) {
        for (auto& entry : *page.mutable_entries()) {
          if (all.entries_size() < limit) *all.add_entries() = std::move(entry);
        }
        const bool cut = all.entries_size() >= limit && !page.next_page_token().empty();
        if (cut) session.ThereIsMore();
        return !cut;
      }));
  return session.Emit(all, EntryTable(session, all));
}

absl::StatusOr<std::optional<audit::VerifierKey>> PinnedKey(const Settings& flags) {
  const std::string text = flags.Text("key");
  if (text.empty()) return std::optional<audit::VerifierKey>();
  const auto key = audit::ParseVerifierKey(text);
  if (!key) {
    return UsageError("--key: no verifier key, NAME+HASH+BASE64 as `mlctl audit verify` prints it");
  }
  return key;
}

std::string Report(const audit::VerifiedAudit& found, bool pinned) {
  std::string text = fmt::format(
      "{} entries, {} checkpoints signed, {} decisions made again and equal, {} of persons\n"
      "chain {}\nkey   {}\n",
      found.entries, found.checkpoints, found.decisions, found.other_decisions,
      HexEncode(found.sha256), audit::FormatVerifierKey(found.key));
  if (found.other_editions != 0) {
    text += fmt::format(
        "{} decisions were judged by another release: their names follow from what they read, and "
        "they are not made again\n",
        found.other_editions);
  }
  for (const int64_t sequence : found.lost_keys) {
    text += fmt::format("entry {}: a key was lost, and nobody vouches for the one after it\n",
                        sequence);
  }
  if (!pinned) text += "no --key: the key is believed because the audit says so\n";
  return text;
}

absl::StatusOr<int> Verify(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(const auto pinned, PinnedKey(session.flags()));
  audit::Verifier verifier(pinned);
  if (session.flags().IsGiven("checkpoint")) {
    CAIRN_ASSIGN_OR_RETURN(std::string note, ReadFile(session.flags().Text("checkpoint"), 4096));
    verifier.Expect(std::move(note));
  }
  const auto take = [&](v1::AuditPart part) { return verifier.Take(std::move(part)); };
  if (call.arguments.empty()) {
    CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
    CAIRN_RETURN_IF_ERROR(client->audit().ExportAudit(take));
  } else {
    CAIRN_ASSIGN_OR_RETURN(const std::string file, ReadFile(call.arguments[0]));
    CAIRN_RETURN_IF_ERROR(audit::ForEachPart(file, take));
  }
  CAIRN_ASSIGN_OR_RETURN(const audit::VerifiedAudit found, verifier.Finish());
  session.Print(Report(found, pinned.has_value()));
  return 0;
}

absl::StatusOr<int> Export(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  std::string file(audit::kExportHeader);
  int64_t entries = 0;
  CAIRN_RETURN_IF_ERROR(client->audit().ExportAudit([&](const v1::AuditPart& part) {
    entries += part.part_case() == v1::AuditPart::kEntry ? 1 : 0;
    file += audit::EncodePart(part);
    return absl::OkStatus();
  }));
  CAIRN_RETURN_IF_ERROR(WriteFileAtomically(call.arguments[0], file));
  session.Note(fmt::format("{} entries in {}", entries, call.arguments[0]));
  session.Hint(fmt::format("mlctl audit verify {}", call.arguments[0]));
  return 0;
}

absl::StatusOr<int> Checkpoint(Session& session, const Invocation&) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const v1::AuditCheckpoint checkpoint,
                         client->audit().GetAuditCheckpoint(v1::GetAuditCheckpointRequest()));
  return session.EmitText(checkpoint, checkpoint.note(), checkpoint.verifier_key(),
                          std::to_string(checkpoint.size()));
}

Command ListCommand() {
  return {.path = "audit list",
          .family = "Access",
          .summary = "List who changed what of production, newest first",
          .flags = {{.name = "resource",
                     .value = "PREFIX",
                     .help = "only about resources whose name begins like this"},
                    {.name = "kind",
                     .repeatable = true,
                     .value = "KIND",
                     .help = "only of this kind, such as decision_made"},
                    kLimit,
                    kAll},
          .examples = {{"mlctl audit list --resource models/customer-segments", "of one model"},
                       {"mlctl audit list --kind token_created --kind token_revoked", "of tokens"},
                       {"mlctl audit list --all -o jsonl", "everything, for a script"}},
          .handler = ListEntries};
}

Command VerifyCommand() {
  return {.path = "audit verify",
          .family = "Access",
          .summary = "Verify the audit: its chain, its signatures, and every decision made again",
          .arguments = {{.name = "FILE", .min = 0, .completes = "file"}},
          .flags = {{.name = "key",
                     .value = "KEY",
                     .help = "the verifier key that is believed, kept from before"},
                    {.name = "checkpoint",
                     .kind = FlagKind::kPath,
                     .value = "FILE",
                     .help = "a checkpoint kept from before, through which the chain must lead"}},
          .examples = {{"mlctl audit verify", "that of the server"},
                       {"mlctl audit verify audit.bin", "an export, without a server"},
                       {"mlctl audit verify --checkpoint last-week.note", "nothing was cut since"}},
          .details =
              "Ends with 9 where anything is not as it was written. Without a file the caller "
              "needs ADMIN.",
          .handler = Verify};
}

Command ExportCommand() {
  return {.path = "audit export",
          .family = "Access",
          .summary = "Write the audit into a file that can be verified without the server",
          .arguments = {{"FILE"}},
          .examples = {{"mlctl audit export audit.bin", "everything up to now"},
                       {"mlctl audit verify audit.bin", "verify it"},
                       {"mlctl audit verify audit.bin --checkpoint last-week.note",
                        "and that nothing was cut since"}},
          .handler = Export};
}

Command CheckpointCommand() {
  return {.path = "audit checkpoint",
          .family = "Access",
          .summary = "Print a signed checkpoint of the audit, to be kept elsewhere",
          .examples = {{"mlctl audit checkpoint > $(date +%F).note", "keep it"},
                       {"mlctl audit checkpoint -o name", "the key that signs"},
                       {"mlctl audit verify --checkpoint last-week.note",
                        "check later that the audit leads through it"}},
          .handler = Checkpoint};
}

}  // namespace

std::vector<Command> AuditCommands() {
  return {ListCommand(), VerifyCommand(), ExportCommand(), CheckpointCommand()};
}

}  // namespace cairn::cli
