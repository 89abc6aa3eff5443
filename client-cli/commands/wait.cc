#include "client-cli/commands/wait.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "client-cli/cli/command.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/cli/reference.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/operations.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/client/watcher.h"

namespace cairn::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// What a look at the resource came to.
struct Look {
  enum Verdict { kHolds, kNotYet, kNever };
  Verdict verdict = kNotYet;
  std::string says;
};

// A condition: whose events are worth a look, and the look.
struct Condition {
  std::string resource;
  std::function<absl::StatusOr<Look>()> look;
};

absl::Status NoSuchCondition(const std::string& condition, std::string_view what,
                             std::string_view those) {
  return UsageError(fmt::format("{} has no condition \"{}\", but {}", what, condition, those));
}

// Nothing for what is not there yet.
template <typename T>
absl::StatusOr<std::optional<T>> IfFound(absl::StatusOr<T> found) {
  if (absl::IsNotFound(found.status())) return std::optional<T>();
  CAIRN_RETURN_IF_ERROR(found.status());
  return std::optional<T>(*std::move(found));
}

absl::StatusOr<Condition> RunCondition(Session& session, client::Client& client,
                                       const std::string& text, const std::string& condition) {
  if (condition != "finished" && condition != "succeeded") {
    return NoSuchCondition(condition, "a run", "finished and succeeded");
  }
  CAIRN_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(session, text));
  return Condition{
      run.name(), [&client, name = run.name(), condition]() -> absl::StatusOr<Look> {
        v1::GetRunRequest request;
        request.set_name(name);
        CAIRN_ASSIGN_OR_RETURN(const auto now, IfFound(client.tracking().GetRun(request)));
        if (!now) return Look{Look::kNever, name + " is gone"};
        const std::string says = fmt::format("{} is {}", name, v1::Run::State_Name(now->state()));
        if (now->state() == v1::Run::RUNNING || now->state() == v1::Run::SCHEDULED) {
          return Look{now->has_delete_time() ? Look::kNever : Look::kNotYet, says};
        }
        const bool holds = condition == "finished" || now->state() == v1::Run::SUCCEEDED;
        return Look{holds ? Look::kHolds : Look::kNever, says};
      }};
}

absl::StatusOr<Condition> OperationCondition(client::Client& client, const std::string& name,
                                             const std::string& condition) {
  if (condition != "done") return NoSuchCondition(condition, "an operation", "done");
  return Condition{
      name, [&client, name]() -> absl::StatusOr<Look> {
        google::longrunning::GetOperationRequest request;
        request.set_name(name);
        CAIRN_ASSIGN_OR_RETURN(const auto now, client.operations().GetOperation(request));
        if (!now.done()) return Look{Look::kNotYet, name + " goes on"};
        if (!now.has_error()) return Look{Look::kHolds, name + " is done"};
        return Look{Look::kNever, fmt::format("{} failed: {}", name, now.error().message())};
      }};
}

absl::StatusOr<Condition> ChannelCondition(client::Client& client, const std::string& name,
                                           const std::string& condition) {
  constexpr std::string_view kVersion = "version=";
  if (condition != "moved" && !condition.starts_with(kVersion)) {
    return NoSuchCondition(condition, "a channel", "moved and version=N");
  }
  CAIRN_ASSIGN_OR_RETURN(const ChannelRef channel, ParseChannelName("name", name));
  std::string wanted;
  if (condition != "moved") {
    wanted =
        fmt::format("{}/versions/{}", ModelName(channel.model), condition.substr(kVersion.size()));
  }
  return Condition{
      name,
      [&client, name, wanted, before = std::optional<int64_t>()]() mutable -> absl::StatusOr<Look> {
        v1::GetChannelRequest request;
        request.set_name(name);
        CAIRN_ASSIGN_OR_RETURN(const auto now, IfFound(client.registry().GetChannel(request)));
        const int64_t epoch = now ? now->epoch() : 0;
        if (!before) before = epoch;
        const bool serves = now && !now->version().empty();
        const std::string says = fmt::format("{} serves {} (epoch {})", name,
                                             serves ? now->version() : "nothing", epoch);
        const bool holds = wanted.empty() ? epoch > *before : serves && now->version() == wanted;
        return Look{holds ? Look::kHolds : Look::kNotYet, says};
      }};
}

absl::StatusOr<Condition> VersionCondition(client::Client& client, const std::string& name,
                                           const std::string& model, const std::string& condition) {
  if (condition != "exists" && condition != "set") {
    return NoSuchCondition(condition, "a version or alias", "exists and set");
  }
  return Condition{model, [&client, name]() -> absl::StatusOr<Look> {
                     v1::GetModelVersionRequest request;
                     request.set_name(name);
                     CAIRN_ASSIGN_OR_RETURN(const auto now,
                                            IfFound(client.registry().GetModelVersion(request)));
                     if (!now) return Look{Look::kNotYet, name + " is not there"};
                     return Look{Look::kHolds, now->name() + " is there"};
                   }};
}

absl::StatusOr<Condition> ConditionOf(Session& session, client::Client& client,
                                      const std::string& text, const std::string& condition) {
  if (text.starts_with("operations/")) return OperationCondition(client, text, condition);
  if (ParseChannelName("name", text).ok()) return ChannelCondition(client, text, condition);
  if (text.starts_with("models/") && text.find('/', 7) != std::string::npos) {
    return VersionCondition(client, text, text.substr(0, text.find('/', 7)), condition);
  }
  CAIRN_ASSIGN_OR_RETURN(const Reference reference, ParseReference(text));
  if (reference.kind == Reference::Kind::kChannel) {
    return ChannelCondition(client, ChannelName(reference.name, reference.selector), condition);
  }
  if (reference.kind == Reference::Kind::kVersion) {
    const bool number = reference.selector.find_first_not_of("0123456789") == std::string::npos;
    const std::string model = ModelName(reference.name);
    return VersionCondition(client,
                            number ? model + "/versions/" + reference.selector
                                   : AliasName(reference.name, reference.selector),
                            model, condition);
  }
  return RunCondition(session, client, text, condition);
}

absl::Status OutOfPatience(const std::string& says) {
  return Error(absl::StatusCode::kDeadlineExceeded, ErrorReason::CALL_ENDED,
               fmt::format("the condition does not hold yet: {}", says));
}

// Looks each time that something happened to the resource. The watch has begun before the first
// look, so that nothing happens unseen between two.
absl::StatusOr<Look> LookUntil(client::Client& client, const Condition& condition,
                               std::optional<int64_t> patience_millis) {
  client::Watcher watcher(client.watch(), {.resources = {condition.resource}});
  const auto begin = steady_clock::now();
  Look last{Look::kNotYet, condition.resource + " was not seen"};
  for (bool begun = false;; begun = true) {
    milliseconds wait = std::chrono::hours(1);
    if (patience_millis) {
      const auto passed = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
      wait = milliseconds(*patience_millis) - passed;
      if (begun && wait <= wait.zero()) return OutOfPatience(last.says);
    }
    CAIRN_ASSIGN_OR_RETURN(const auto batch, watcher.Next(wait));
    if (!batch || (begun && batch->events.empty() && !batch->lost_before)) continue;
    CAIRN_ASSIGN_OR_RETURN(last, condition.look());
    if (last.verdict != Look::kNotYet) return last;
  }
}

absl::StatusOr<int> Wait(Session& session, const Invocation& call) {
  const std::string wanted = session.flags().Text("for");
  if (wanted.empty()) return UsageError("wait needs --for CONDITION");
  std::optional<int64_t> patience;
  if (session.flags().IsGiven("patience")) {
    CAIRN_ASSIGN_OR_RETURN(patience, ParseDurationMillis(session.flags().Text("patience")));
  }
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const Condition condition,
                         ConditionOf(session, *client, call.arguments[0], wanted));
  CAIRN_ASSIGN_OR_RETURN(const Look look, LookUntil(*client, condition, patience));
  session.Note(look.verdict == Look::kHolds
                   ? look.says
                   : fmt::format("{}: it will not be {} any more", look.says, wanted));
  return look.verdict == Look::kHolds ? kExitOk : kExitFailure;
}

}  // namespace

Command WaitCommand() {
  return {.path = "wait",
          .family = "Look",
          .summary = "Wait until something holds of a run, channel, version or operation",
          .arguments = {{"RESOURCE"}},
          .flags = {{.name = "for",
                     .value = "CONDITION",
                     .help = "finished, succeeded, done, moved, version=N, exists or set"},
                    kPatience},
          .examples = {{"mlctl wait 9f3c --for succeeded --patience 10m", "a run"},
                       {"mlctl wait customer-segments#production --for version=4", "a channel"},
                       {"mlctl wait customer-segments@champion --for set", "an alias"}},
          .details =
              "A run: finished, succeeded. An operation: done. A channel: moved, which is\n"
              "from now on, or version=N. A version: exists. An alias: set. Exit code: 0 it\n"
              "holds, 1 it can never hold any more, 8 --patience is over.",
          .handler = Wait};
}

}  // namespace cairn::cli
