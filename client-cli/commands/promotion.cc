#include <string>
#include <utility>

#include "client-cli/cli/command.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/cli/policy_files.h"
#include "client-cli/cli/proto_text.h"
#include "client-cli/cli/reference.h"
#include "client-cli/commands/as_of.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/decision_text.h"
#include "client-cli/commands/nouns.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

// An error of one document, with the file it stands in.
void NoteError(Session& session, const PolicyDocument& document, const absl::Status& status) {
  if (session.format() == "json" || session.format() == "jsonl") {
    std::string line = ErrorJson(status, HintFor(status));
    session.Note(line);
    return;
  }
  const std::string line = MetadataOf(status, "line");
  session.Note(fmt::format("{}{}: {}", document.path, line.empty() ? "" : ":" + line,
                           std::string(status.message())));
}

absl::StatusOr<int> ApplyDocuments(Session& session, bool validate_only) {
  const std::string path = session.flags().Text("file");
  if (path.empty()) return UsageError("which file? Write -f FILE, -f DIR or -f -");
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const auto documents, ReadPolicyDocuments(path));
  size_t applied = 0;
  absl::Status first_error;
  for (const PolicyDocument& document : documents) {
    v1::ApplyPolicyRequest request;
    request.set_source(document.source);
    request.set_validate_only(validate_only);
    const auto response = client->promotion().ApplyPolicy(request);
    if (!response.ok()) {
      NoteError(session, document, response.status());
      first_error.Update(response.status());
      continue;
    }
    ++applied;
    const std::string name = response->policy().name();
    const std::string change = v1::ApplyPolicyResponse::Change_Name(response->change());
    std::string text = fmt::format("{} {}{}\n", name, change, validate_only ? " (dry run)" : "");
    for (size_t i = name.size() + 1; i < name.size() + 1 + change.size(); ++i) {
      text[i] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[i])));
    }
    // Several documents are a stream: one object for each line.
    if (session.format() == "json" && documents.size() > 1) {
      session.Print(ToJsonLine(*response));
    } else {
      CAIRN_RETURN_IF_ERROR(session.EmitText(*response, text, name, ShortName(name)).status());
    }
  }
  if (first_error.ok()) return kExitOk;
  return applied > 0 ? kExitPartial : ExitCodeFor(first_error);
}

absl::StatusOr<int> Apply(Session& session, const Invocation&) {
  return ApplyDocuments(session, session.flags().Switch("dry-run"));
}

absl::StatusOr<int> CheckPolicy(Session& session, const Invocation&) {
  return ApplyDocuments(session, true);
}

absl::StatusOr<int> RenderPolicy(Session& session, const Invocation&) {
  const std::string path = session.flags().Text("file");
  if (path.empty()) return UsageError("which file? Write -f FILE, -f DIR or -f -");
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const auto documents, ReadPolicyDocuments(path));
  for (size_t i = 0; i < documents.size(); ++i) {
    v1::RenderPolicyRequest request;
    request.set_source(documents[i].source);
    const auto response = client->promotion().RenderPolicy(request);
    if (!response.ok()) {
      NoteError(session, documents[i], response.status());
      return static_cast<int>(ExitCodeFor(response.status()));
    }
    if (i > 0 && !session.wants_message()) session.Print("---\n");
    CAIRN_RETURN_IF_ERROR(
        session.EmitText(*response, response->rendered(), response->sha256(), response->sha256())
            .status());
  }
  return kExitOk;
}

absl::StatusOr<int> Promote(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  const Settings& flags = session.flags();
  const std::string& text = call.arguments[0];
  v1::PromoteRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_name(), ResolveChannel(session, text));
  CAIRN_ASSIGN_OR_RETURN(const Reference reference, ParseReference(text));
  std::string wanted = reference.kind == Reference::Kind::kVersion ? text : "";
  if (flags.IsGiven("version")) {
    wanted = flags.Text("version");
    if (wanted.find_first_of("@/") == std::string::npos) wanted = reference.name + "@" + wanted;
  }
  if (!wanted.empty()) {
    CAIRN_ASSIGN_OR_RETURN(const v1::ModelVersion version, ResolveVersion(session, wanted));
    request.set_version(version.name());
  }
  request.set_validate_only(flags.Switch("dry-run"));
  if (flags.IsGiven("if-epoch")) request.set_expected_epoch(flags.Integer("if-epoch"));
  CAIRN_ASSIGN_OR_RETURN(const v1::Decision decision, client->promotion().Promote(request));
  CAIRN_RETURN_IF_ERROR(session
                            .EmitText(decision, DecisionText(decision, session.width()),
                                      decision.name(), decision.name())
                            .status());
  const int code = ExitCodeFor(decision);
  if (code != kExitOk) {
    session.Hint("`mlctl why-not MODEL@VERSION` tells what a version would need");
  }
  return code;
}

absl::StatusOr<int> Explain(Session& session, const std::string& channel,
                            const std::string& version) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::ExplainRequest request;
  request.set_name(channel);
  request.set_version(version);
  CAIRN_RETURN_IF_ERROR(SetAsOf(session, request));
  CAIRN_ASSIGN_OR_RETURN(const auto explanation, client->promotion().Explain(request));
  return session.EmitText(explanation, ExplanationText(explanation, session.width()),
                          explanation.decision().name(), explanation.decision().name());
}

absl::StatusOr<int> Why(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(const std::string channel, ResolveChannel(session, call.arguments[0]));
  return Explain(session, channel, "");
}

absl::StatusOr<int> WhyNot(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(const v1::ModelVersion version,
                         ResolveVersion(session, call.arguments[0]));
  CAIRN_ASSIGN_OR_RETURN(const std::string channel,
                         ResolveChannel(session, ShortName(version.name())));
  return Explain(session, channel, version.name());
}

absl::StatusOr<int> Replay(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::ReplayDecisionRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_name(), ResolveDecision(session, call.arguments[0]));
  CAIRN_ASSIGN_OR_RETURN(const auto replay, client->promotion().ReplayDecision(request));
  return session.EmitText(replay, replay.message() + "\n", request.name(), replay.message());
}

absl::StatusOr<int> History(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(const Noun* noun, FindNoun("decisions"));
  CAIRN_ASSIGN_OR_RETURN(const AnyMessage list, noun->list(session, call.arguments[0]));
  const auto& decisions = static_cast<const v1::ListDecisionsResponse&>(*list);
  if (decisions.decisions().empty()) session.Hint(noun->when_empty);
  Table rows;
  if (!decisions.decisions().empty()) rows = noun->table(session, *list);
  return session.Emit(*list, rows);
}

}  // namespace

std::vector<Command> PromotionCommands() {
  const Flag file = {.name = "file",
                     .letter = 'f',
                     .kind = FlagKind::kPath,
                     .value = "FILE",
                     .help = "a YAML file, a directory of them, or - for the standard input"};
  return {
      {.path = "apply",
       .family = "Promotion",
       .summary = "Create or change policies from YAML",
       .arguments = {},
       .flags = {file, kDryRun},
       .examples = {{"mlctl apply -f policy.yaml", "prints created, configured or unchanged"},
                    {"mlctl apply -f policies/", "every .yaml and .yml file of a directory"},
                    {"cat policy.yaml | mlctl apply -f - --dry-run", "only check"}},
       .details = "A file may hold many documents. When some are refused and others applied the\n"
                  "exit code is 10.",
       .handler = Apply},
      {.path = "policy render",
       .family = "Promotion",
       .summary = "Print a policy with every default written out",
       .arguments = {},
       .flags = {file},
       .examples = {{"mlctl policy render -f policy.yaml", "as YAML"},
                    {"mlctl policy render -f policy.yaml -o json", "with its digest"},
                    {"mlctl policy render -f - < policy.yaml", "from the standard input"}},
       .handler = RenderPolicy},
      {.path = "policy check",
       .family = "Promotion",
       .summary = "Check policies without applying them",
       .arguments = {},
       .flags = {file},
       .examples = {{"mlctl policy check -f policy.yaml", "errors with line and column"},
                    {"mlctl policy check -f policies/", "all of a directory"},
                    {"mlctl policy check -f - < policy.yaml", "from the standard input"}},
       .handler = CheckPolicy},
      {.path = "promote",
       .family = "Promotion",
       .summary = "Let the policy decide which version a channel serves",
       .arguments = {{"MODEL", 1, 1, "model"}},
       .flags = {kChannelFlag,
                 {.name = "version", .value = "VERSION", .help = "consider only this version"},
                 {.name = "if-epoch",
                  .kind = FlagKind::kInteger,
                  .value = "N",
                  .help = "only if the channel has this epoch"},
                 kDryRun},
       .examples = {{"mlctl promote customer-segments --channel production", "all candidates"},
                    {"mlctl promote customer-segments@3 --dry-run", "what would happen to one"},
                    {"mlctl promote customer-segments --if-epoch 4", "unless somebody was faster"}},
       .details = "Exit code: 0 promoted or nothing better, 6 FAIL, 7 INCONCLUSIVE, 11 ERROR,\n"
                  "5 the channel moved. A dry run ends with the code of the real one.",
       .handler = Promote},
      {.path = "why",
       .family = "Promotion",
       .summary = "Explain why a channel serves what it serves",
       .arguments = {{"MODEL#CHANNEL", 1, 1, "channel"}},
       .flags = {kChannelFlag, kAsOf},
       .examples = {{"mlctl why customer-segments#production", "sentences, then numbers"},
                    {"mlctl why customer-segments --as-of 2026-03-01T12:00:00Z", "as it was then"},
                    {"mlctl why customer-segments#production -o json", "all of it"}},
       .handler = Why},
      {.path = "why-not",
       .family = "Promotion",
       .summary = "Explain why a version is not served",
       .arguments = {{"MODEL@VERSION", 1, 1, "model"}},
       .flags = {kChannelFlag, kAsOf},
       .examples = {{"mlctl why-not customer-segments@3", "for the channel production"},
                    {"mlctl why-not customer-segments@3 --channel staging", "for another"},
                    {"mlctl why-not customer-segments@latest -o json", "the newest, as JSON"}},
       .handler = WhyNot},
      {.path = "history",
       .family = "Promotion",
       .summary = "List the decisions of a channel, newest first",
       .arguments = {{"MODEL#CHANNEL", 1, 1, "channel"}},
       .flags = {kChannelFlag, kLimit, kAll, kAsOf},
       .examples = {{"mlctl history customer-segments#production", "the newest decisions"},
                    {"mlctl history customer-segments#production --all -o jsonl", "all, as lines"},
                    {"mlctl history customer-segments --columns decision,outcome,version",
                     "chosen columns"}},
       .handler = History},
      {.path = "replay",
       .family = "Promotion",
       .summary = "Make a decision again from what it read and compare",
       .arguments = {{"DECISION", 1, 1, "decision"}},
       .flags = {},
       .examples = {{"mlctl replay $DECISION", "an id that mlctl history prints, or its beginning"},
                    {"mlctl history customer-segments -o name | head -1 | xargs mlctl replay",
                     "the newest of a channel"},
                    {"mlctl replay $DECISION -o json", "with the digest of what was compared"}},
       .details = "The policy's text and all that was read are kept for ever under their digests.\n"
                  "Exit code 9: it does not come out byte for byte the same.",
       .handler = Replay},
  };
}

}  // namespace cairn::cli
