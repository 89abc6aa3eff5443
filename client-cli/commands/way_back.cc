#include <string>

#include "client-cli/cli/command.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/cli/reference.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/decision_text.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

// The version that a flag or the argument `text` names, as a resource name; empty if neither does.
absl::StatusOr<std::string> WantedVersion(Session& session, const std::string& text,
                                          const std::string& channel, const std::string& flag) {
  CAIRN_ASSIGN_OR_RETURN(const Reference reference, ParseReference(text));
  std::string wanted = reference.kind == Reference::Kind::kVersion ? text : "";
  if (session.flags().IsGiven(flag)) wanted = session.flags().Text(flag);
  if (wanted.empty()) return wanted;
  if (wanted.find_first_of("@/") == std::string::npos) {
    CAIRN_ASSIGN_OR_RETURN(const ChannelRef ref, ParseChannelName("channel", channel));
    wanted = ref.model + "@" + wanted;
  }
  CAIRN_ASSIGN_OR_RETURN(const v1::ModelVersion version, ResolveVersion(session, wanted));
  return version.name();
}

// What all of them have: channel, reason and whether to change anything.
template <typename Request>
absl::StatusOr<Request> Begin(Session& session, const std::string& text) {
  Request request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_name(), ResolveChannel(session, text));
  const std::string reason = session.flags().Text("reason");
  if (reason.empty()) return UsageError("why? Write --reason TEXT: it is kept with the decision");
  request.set_reason(reason);
  request.set_validate_only(session.flags().Switch("dry-run"));
  return request;
}

template <typename Request>
absl::Status AddVersion(Session& session, const std::string& text, Request& request) {
  CAIRN_ASSIGN_OR_RETURN(const std::string version,
                         WantedVersion(session, text, request.name(), "version"));
  if (version.empty()) return UsageError("which version? Write MODEL@VERSION or --version VERSION");
  request.set_version(version);
  return absl::OkStatus();
}

template <typename Request>
void AddEpoch(const Session& session, Request& request) {
  if (!session.flags().IsGiven("expected-epoch")) return;
  request.set_expected_epoch(session.flags().Integer("expected-epoch"));
}

absl::StatusOr<int> Show(Session& session, const v1::Decision& decision) {
  return session.EmitText(decision, DecisionText(decision, session.width()), decision.name(),
                          decision.name());
}

absl::StatusOr<int> Rollback(Session& session, const Invocation& call) {
  const std::string& text = call.arguments[0];
  CAIRN_ASSIGN_OR_RETURN(auto request, Begin<v1::RollbackRequest>(session, text));
  request.set_to_nothing(session.flags().Switch("to-nothing"));
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_version(),
                         WantedVersion(session, text, request.name(), "to"));
  if (request.to_nothing() && !request.version().empty()) {
    return UsageError("--to-nothing and a version: choose one");
  }
  AddEpoch(session, request);
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const auto decision, client->promotion().Rollback(request));
  if (decision.committed() && !decision.previous_version().empty()) {
    session.Hint(fmt::format("`mlctl release {} --channel {} --reason TEXT` lets it come back",
                             ShortName(decision.previous_version()),
                             ParseChannelName("channel", decision.channel())->channel));
  }
  return Show(session, decision);
}

absl::StatusOr<int> Override(Session& session, const Invocation& call) {
  const std::string& text = call.arguments[0];
  CAIRN_ASSIGN_OR_RETURN(auto request, Begin<v1::OverrideRequest>(session, text));
  CAIRN_RETURN_IF_ERROR(AddVersion(session, text, request));
  AddEpoch(session, request);
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const auto decision, client->promotion().Override(request));
  return Show(session, decision);
}

absl::StatusOr<int> Hold(Session& session, const Invocation& call) {
  const std::string& text = call.arguments[0];
  CAIRN_ASSIGN_OR_RETURN(auto request, Begin<v1::HoldVersionRequest>(session, text));
  CAIRN_RETURN_IF_ERROR(AddVersion(session, text, request));
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const auto decision, client->promotion().HoldVersion(request));
  return Show(session, decision);
}

absl::StatusOr<int> Release(Session& session, const Invocation& call) {
  const std::string& text = call.arguments[0];
  CAIRN_ASSIGN_OR_RETURN(auto request, Begin<v1::ReleaseVersionRequest>(session, text));
  CAIRN_RETURN_IF_ERROR(AddVersion(session, text, request));
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const auto decision, client->promotion().ReleaseVersion(request));
  return Show(session, decision);
}

constexpr Flag kReason = {
    .name = "reason", .value = "TEXT", .help = "why; kept with the decision for ever"};
constexpr Flag kVersionFlag = {.name = "version", .value = "VERSION", .help = "the version"};
constexpr Flag kExpectedEpoch = {.name = "expected-epoch",
                                 .kind = FlagKind::kInteger,
                                 .value = "N",
                                 .help = "only if the channel has this epoch"};

}  // namespace

std::vector<Command> WayBackCommands() {
  return {
      {.path = "rollback",
       .family = "Promotion",
       .summary = "Let a channel serve again what it served before",
       .arguments = {{"MODEL", 1, 1, "model"}},
       .flags = {kChannelFlag,
                 {.name = "to",
                  .value = "VERSION",
                  .help = "the version to go back to; else the one served last"},
                 {.name = "to-nothing", .kind = FlagKind::kSwitch, .help = "serve nothing at all"},
                 kReason,
                 kExpectedEpoch,
                 kDryRun},
       .examples = {{"mlctl rollback customer-segments --reason 'half of all calls fail'",
                     "to the version before"},
                    {"mlctl rollback customer-segments --to 3 --reason 'the last good one'",
                     "to a version that was served before"},
                    {"mlctl rollback customer-segments --to-nothing --reason 'wrong customers'",
                     "stop serving"}},
       .details = "No policy is asked. The version that is left is held, so that no promotion\n"
                  "brings it back before somebody releases it.",
       .handler = Rollback},
      {.path = "hold",
       .family = "Promotion",
       .summary = "Keep a version out of a channel",
       .arguments = {{"MODEL[@VERSION]", 1, 1, "model"}},
       .flags = {kChannelFlag, kVersionFlag, kReason, kDryRun},
       .examples = {{"mlctl hold customer-segments@2 --reason 'trained on test data'",
                     "no promotion considers it"},
                    {"mlctl hold customer-segments --version 2 --reason 'see CRM-412' --dry-run",
                     "only check"},
                    {"mlctl hold customer-segments@4 --channel staging --reason 'too slow'",
                     "in another channel"}},
       .details = "A version that is served stays until it is left.",
       .handler = Hold},
      {.path = "release",
       .family = "Promotion",
       .summary = "Let a held version be promoted again",
       .arguments = {{"MODEL[@VERSION]", 1, 1, "model"}},
       .flags = {kChannelFlag, kVersionFlag, kReason, kDryRun},
       .examples = {{"mlctl release customer-segments@2 --reason 'it was the network'",
                     "the next promotion considers it"},
                    {"mlctl release customer-segments --version 2 --reason 'fixed' --dry-run",
                     "only check"},
                    {"mlctl release customer-segments@4 --channel staging --reason 'measured'",
                     "in another channel"}},
       .handler = Release},
      {.path = "override",
       .family = "Promotion",
       .summary = "Let a channel serve a version against or without its policy",
       .arguments = {{"MODEL[@VERSION]", 1, 1, "model"}},
       .flags = {kChannelFlag, kVersionFlag, kReason, kExpectedEpoch, kDryRun},
       .examples = {{"mlctl override customer-segments@3 --reason 'signed off by the board'",
                     "whatever the policy says"},
                    {"mlctl override customer-segments@3 --reason 'signed off' --dry-run",
                     "see what the policy says of it"},
                    {"mlctl override customer-segments --version 3 --channel staging --reason demo",
                     "in another channel"}},
       .details = "Needs the verb override, which the role admin has. The decision keeps the\n"
                  "policy's own verdict. A held version is to be released first.",
       .handler = Override},
  };
}

}  // namespace cairn::cli
