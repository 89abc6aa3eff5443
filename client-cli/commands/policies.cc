#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "client-cli/cli/command.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/cli/policy_files.h"
#include "client-cli/cli/reference.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/line_diff.h"
#include "client-cli/commands/policy_draft.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"
#include "lib/base/numbers.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/client/paging.h"

namespace cairn::cli {
namespace {

// A rule in its canonical form, and what it was called.
struct Rendered {
  std::string what;
  v1::RenderPolicyResponse rule;
};

bool IsFile(const std::string& text) {
  const auto ends = [&](std::string_view end) {
    return text.size() > end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
  };
  std::error_code ignored;
  return text == "-" || ends(".yaml") || ends(".yml") ||
         std::filesystem::is_regular_file(text, ignored);
}

absl::StatusOr<std::string> SourceOfFile(const std::string& path) {
  CAIRN_ASSIGN_OR_RETURN(const auto documents, ReadPolicyDocuments(path));
  if (documents.size() == 1) return documents[0].source;
  return UsageError(fmt::format("{} holds {} documents; compare one", path, documents.size()));
}

// NAME, or NAME@REVISION.
absl::StatusOr<std::string> SourceOfPolicy(client::Client& client, const std::string& text) {
  v1::GetPolicyRequest request;
  const size_t at = text.rfind('@');
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_name(), ResolvePolicy(text.substr(0, at)));
  if (at != std::string::npos) {
    const auto revision = ParseNumber(text.substr(at + 1));
    if (!revision || !(*revision >= 1 && *revision <= 1e15)) {
      return UsageError(fmt::format("behind @ stands a revision, from 1: \"{}\"", text));
    }
    request.set_revision(static_cast<int64_t>(*revision));
  }
  CAIRN_ASSIGN_OR_RETURN(const v1::Policy policy, client.promotion().GetPolicy(request));
  return policy.source();
}

absl::StatusOr<Rendered> RenderOperand(client::Client& client, const std::string& text) {
  v1::RenderPolicyRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_source(),
                         IsFile(text) ? SourceOfFile(text) : SourceOfPolicy(client, text));
  CAIRN_ASSIGN_OR_RETURN(auto rule, client.promotion().RenderPolicy(request));
  return Rendered{text, std::move(rule)};
}

absl::StatusOr<int> DiffPolicy(Session& session, const Invocation& call) {
  constexpr size_t kContextLines = 3;
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const Rendered from, RenderOperand(*client, call.arguments[0]));
  CAIRN_ASSIGN_OR_RETURN(const Rendered to, RenderOperand(*client, call.arguments[1]));
  const std::string diff = LineDiff(from.rule.rendered(), to.rule.rendered(), kContextLines);
  if (diff.empty()) {
    session.Note("the same rule");
    return static_cast<int>(kExitOk);
  }
  session.Print(fmt::format("--- {}\n+++ {}\n{}", from.what, to.what, diff));
  return static_cast<int>(kExitOk);
}

absl::StatusOr<int> DeletePolicy(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  const Settings& flags = session.flags();
  v1::DeletePolicyRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_name(), ResolvePolicy(call.arguments[0]));
  request.set_reason(flags.Text("reason"));
  if (request.reason().empty()) return UsageError("why? Write --reason TEXT, which is kept");
  request.set_leave_ungoverned(flags.Switch("leave-ungoverned"));
  request.set_validate_only(flags.Switch("dry-run"));
  if (!request.validate_only()) {
    CAIRN_RETURN_IF_ERROR(session.Confirm(fmt::format("Delete {}?", request.name())));
  }
  CAIRN_ASSIGN_OR_RETURN(const auto gone, client->promotion().DeletePolicy(request));
  return session.EmitChange(gone, request.name() + " deleted\n", request.name(), request.name());
}

// Which values of a metric are better, as the server has it: the direction that it writes out where
// a policy leaves it open. Nullopt where it cannot say.
std::optional<std::string> DirectionOf(client::Client& client, const std::string& metric) {
  v1::RenderPolicyRequest request;
  std::string quoted;
  for (const char c : metric) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  request.set_source(fmt::format(
      "{{apiVersion: cairn/v1, kind: PromotionPolicy, metadata: {{name: draft}}, spec: {{target: "
      "{{model: m, channel: c}}, evidence: {{trust: reported}}, compare: [{{id: a, role: "
      "objective, "
      "metric: \"{}\"}}]}}}}",
      quoted));
  const auto rendered = client.promotion().RenderPolicy(request);
  if (!rendered.ok()) return std::nullopt;
  const size_t at = rendered->rendered().find("      direction: ");
  if (at == std::string::npos) return std::nullopt;
  const std::string rest = rendered->rendered().substr(at + 17);
  return rest.substr(0, rest.find('\n'));
}

absl::StatusOr<int> InitPolicy(Session& session, const Invocation& call) {
  constexpr int kVersions = 20;
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const std::string model, ResolveModel(call.arguments[0]));
  v1::ListEvaluationsRequest request;
  request.set_parent(model + "/versions/-");
  request.set_page_size(1000);
  CAIRN_ASSIGN_OR_RETURN(const auto page, client->evaluations().ListEvaluations(request));
  PolicyDraft draft =
      GatherDraft({page.evaluations().begin(), page.evaluations().end()}, kVersions);
  CAIRN_ASSIGN_OR_RETURN(const auto ids, ParseResourceName("model", model, "models/*"));
  draft.model = ids[0];
  draft.channel = session.flags().Text("channel");
  for (auto& [metric, seen] : draft.metrics) seen.direction = DirectionOf(*client, metric);
  session.Print(DraftText(draft));
  if (draft.metrics.empty()) session.Note("nothing was measured of this model yet");
  session.Hint("`mlctl policy check -f FILE` checks it, `mlctl apply -f FILE` applies it");
  return static_cast<int>(kExitOk);
}

}  // namespace

std::vector<Command> PolicyCommands() {
  return {
      {.path = "policy diff",
       .family = "Promotion",
       .summary = "Show how two rules differ, every default written out",
       .arguments = {{"FROM", 1, 1, "policy"}, {"TO", 1, 1, "policy"}},
       .flags = {},
       .examples = {{"mlctl policy diff customer-segments@1 customer-segments", "since revision 1"},
                    {"mlctl policy diff customer-segments policy.yaml",
                     "what applying would change"},
                    {"mlctl list revisions customer-segments", "see which revisions there are"}},
       .handler = DiffPolicy},
      {.path = "policy init",
       .family = "Promotion",
       .summary = "Write a policy to begin with, from what was measured of a model",
       .arguments = {{"MODEL", 1, 1, "model"}},
       .flags = {kChannelFlag},
       .examples = {{"mlctl policy init customer-segments > policy.yaml", "for production"},
                    {"mlctl policy init customer-segments --channel staging",
                     "for another channel"},
                    {"mlctl policy check -f policy.yaml", "after it was completed"}},
       .details =
           "Looks at the evaluations of the 20 newest versions. The gates stand where all of\n"
           "them pass. Nothing is stored.",
       .handler = InitPolicy},
      {.path = "delete policy",
       .family = "Delete",
       .summary = "Delete a policy; its revisions and decisions stay",
       .arguments = {{"POLICY", 1, 1, "policy"}},
       .flags = {{.name = "reason", .value = "TEXT", .help = "why; kept with the revisions"},
                 {.name = "leave-ungoverned",
                  .kind = FlagKind::kSwitch,
                  .help = "although its channel serves a version"},
                 kYes,
                 kDryRun},
       .examples = {{"mlctl delete policy trial --reason 'the trial is over'", "asks first"},
                    {"mlctl delete policy staging --reason closed --leave-ungoverned --yes",
                     "nobody governs the channel then"},
                    {"mlctl delete policy trial --reason test --dry-run", "whether it could be"}},
       .handler = DeletePolicy},
  };
}

}  // namespace cairn::cli
