#include "client-cli/cli/contexts.h"

#include <google/protobuf/struct.pb.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "client-cli/cli/command.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

using google::protobuf::Struct;

absl::Status NoContext(const std::string& name) {
  return UsageError(
      fmt::format("there is no context \"{}\"; `mlctl context list` shows them", name));
}

Struct ToMessage(const Contexts& contexts, const std::string& name) {
  const Context& context = contexts.by_name.find(name)->second;
  Struct message;
  auto& fields = *message.mutable_fields();
  fields["name"].set_string_value(name);
  fields["current"].set_bool_value(name == contexts.current);
  fields["protect"].set_bool_value(context.protect);
  for (const auto& [key, value] : context.values) fields[key].set_string_value(value);
  return message;
}

absl::StatusOr<int> ListContexts(Session& session, const Invocation&) {
  const Contexts& contexts = session.contexts();
  Struct all;
  auto& list = *(*all.mutable_fields())["contexts"].mutable_list_value();
  Table table;
  table.columns = {{.title = "CONTEXT", .id = true}, {"IN USE"}, {"PROTECTED"}, {"SERVER"}};
  for (const auto& [name, context] : contexts.by_name) {
    *list.add_values()->mutable_struct_value() = ToMessage(contexts, name);
    table.rows.push_back(
        {name,
         name,
         {Cell(name), Cell(name == contexts.current ? "yes" : ""),
          Cell(context.protect ? "yes" : ""), Cell(context.values.find("server")->second)}});
  }
  return session.Emit(all, table);
}

absl::StatusOr<int> ShowContext(Session& session, const Invocation& call) {
  const Contexts& contexts = session.contexts();
  const std::string name = call.arguments.empty() ? contexts.current : call.arguments[0];
  if (name.empty()) return UsageError("no context is in use; name one");
  const auto found = contexts.by_name.find(name);
  if (found == contexts.by_name.end()) return NoContext(name);
  std::string text = fmt::format("context\t{}\n", name);
  if (found->second.protect) text += "protect\ttrue\n";
  for (const auto& [key, value] : found->second.values) text += fmt::format("{}\t{}\n", key, value);
  return session.EmitText(ToMessage(contexts, name), text, name, name);
}

absl::StatusOr<int> UseContext(Session& session, const Invocation& call) {
  Contexts contexts = session.contexts();
  const std::string name = call.arguments[0] == "none" ? "" : call.arguments[0];
  if (!name.empty() && !contexts.by_name.contains(name)) return NoContext(name);
  contexts.current = name;
  CAIRN_RETURN_IF_ERROR(SaveContexts(contexts));
  session.Note(name.empty() ? "no context is in use"
                            : fmt::format("the context {} is in use: {}", name,
                                          contexts.by_name[name].values.find("server")->second));
  return kExitOk;
}

// What the command line says of the server. Files are looked for from wherever the context is used.
absl::Status TakeFlags(const Session& session, const Invocation& call, Context& context) {
  for (const Flag& flag : session.table().global_flags) {
    const auto given = call.flags.find(flag.name);
    if (given == call.flags.end() || !IsConnectionFlag(flag.name)) continue;
    std::string value = given->second.back();
    if (value.empty()) {
      context.values.erase(std::string(flag.name));
      continue;
    }
    std::error_code error;
    if (flag.names_file()) value = std::filesystem::absolute(value, error).string();
    if (error) return UsageError(fmt::format("--{}: {}", flag.name, error.message()));
    context.values[std::string(flag.name)] = value;
  }
  return absl::OkStatus();
}

absl::StatusOr<int> SetContext(Session& session, const Invocation& call) {
  const std::string& name = call.arguments[0];
  CAIRN_RETURN_IF_ERROR(CheckContextName(name));
  Contexts contexts = session.contexts();
  Context& context = contexts.by_name[name];
  if (context.protect) CAIRN_RETURN_IF_ERROR(session.ConfirmProtected(name));
  CAIRN_RETURN_IF_ERROR(TakeFlags(session, call, context));
  if (!context.values.contains("server")) {
    return UsageError("a context needs a server: --server HOST:PORT");
  }
  if (call.Has("protect")) context.protect = session.flags().Switch("protect");
  CAIRN_RETURN_IF_ERROR(SaveContexts(contexts));
  return session.EmitText(ToMessage(contexts, name),
                          fmt::format("{}: {}{}\n", name, context.values["server"],
                                      context.protect ? ", protected" : ""),
                          name, name);
}

absl::StatusOr<int> DeleteContext(Session& session, const Invocation& call) {
  const std::string& name = call.arguments[0];
  Contexts contexts = session.contexts();
  const auto found = contexts.by_name.find(name);
  if (found == contexts.by_name.end()) return NoContext(name);
  if (found->second.protect) CAIRN_RETURN_IF_ERROR(session.ConfirmProtected(name));
  contexts.by_name.erase(found);
  if (contexts.current == name) contexts.current.clear();
  CAIRN_RETURN_IF_ERROR(SaveContexts(contexts));
  session.Note(fmt::format("the context {} is forgotten; files that it named are kept", name));
  return kExitOk;
}

Command SetContextCommand() {
  return {
      .path = "context set",
      .family = "Access",
      .summary = "Give a server a name, with how to be known there",
      .arguments = {{"CONTEXT"}},
      .flags = {{.name = "protect",
                 .kind = FlagKind::kSwitch,
                 .help = "ask for the context's name before anything is changed there; "
                         "--protect=false ends it"}},
      .examples = {{"mlctl context set lab --server 127.0.0.1:50051", "a server"},
                   {"mlctl context set live --server https://registry.example:50051 "
                    "--token-file live.token --protect",
                    "one where changes are confirmed"},
                   {"mlctl context set lab --server 127.0.0.1:50051 --protect=false",
                    "without questions"}},
      .details =
          "--server, --principal, --token-file and the flags of TLS are kept as they are given\n"
          "here; what is not given stays, an empty value removes. Changes of a protected\n"
          "context, in it as of it, ask for its name on a terminal; elsewhere --yes-protected\n"
          "NAME confirms. Looking and dry runs are free.",
      .handler = SetContext};
}

Command UseContextCommand() {
  return {.path = "context use",
          .family = "Access",
          .summary = "Let the next commands be about a context's server",
          .arguments = {{"CONTEXT"}},
          .flags = {},
          .examples = {{"mlctl context use lab", "from now on"},
                       {"mlctl list models --context lab", "for one command only"},
                       {"mlctl context use none", "none any more"}},
          .details =
              "A context counts as a whole: not where --server, MLCTL_SERVER or a project's file\n"
              "names another server. --context and MLCTL_CONTEXT beat the one in use.",
          .handler = UseContext};
}

Command ListContextsCommand() {
  return {.path = "context list",
          .family = "Access",
          .summary = "List contexts",
          .arguments = {},
          .flags = {},
          .examples = {{"mlctl context list", "all"},
                       {"mlctl context list -q", "names only"},
                       {"mlctl context list -o json", "for a script"}},
          .handler = ListContexts};
}

Command ShowContextCommand() {
  return {.path = "context show",
          .family = "Access",
          .summary = "Show a context, by default the one in use",
          .arguments = {{"CONTEXT", 0, 1}},
          .flags = {},
          .examples = {{"mlctl context show lab", "one"},
                       {"mlctl context show lab -o json", "for a script"},
                       {"mlctl config view --origin", "what is in effect, and from where"}},
          .handler = ShowContext};
}

Command DeleteContextCommand() {
  return {.path = "context delete",
          .family = "Access",
          .summary = "Forget a context",
          .arguments = {{"CONTEXT"}},
          .flags = {},
          .examples = {{"mlctl context delete lab", "one that is not protected"},
                       {"mlctl context delete prod --yes-protected prod", "one that is"},
                       {"mlctl context list", "those that are left"}},
          .handler = DeleteContext};
}

}  // namespace

std::vector<Command> ContextCommands() {
  return {SetContextCommand(), UseContextCommand(), ListContextsCommand(), ShowContextCommand(),
          DeleteContextCommand()};
}

}  // namespace cairn::cli
