#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "client-cli/cli/command.h"
#include "client-cli/cli/contexts.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/session.h"
#include "client-cli/commands/user_files.h"
#include "client-cli/commands/verbs.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "lib/client/token_file.h"

namespace cairn::cli {
namespace {

absl::StatusOr<std::string> TokenToLogInWith(Session& session) {
  if (session.flags().all().find("token-file")->second.origin == "--token-file") {
    return client::ReadTokenFile(session.flags().Text("token-file"));
  }
  if (session.terminal().stdin_is_tty) {
    if (session.flags().Switch("no-input")) {
      return UsageError("login needs the token on the standard input, or --token-file FILE");
    }
    std::fprintf(stderr, "token: ");
  }
  std::string token;
  std::getline(std::cin, token);
  while (!token.empty() && (token.back() == '\r' || token.back() == ' ')) token.pop_back();
  CAIRN_RETURN_IF_ERROR(client::CheckToken(token));
  return token;
}

std::string IdentityText(const v1::WhoAmIResponse& who) {
  std::string text = fmt::format("principal  {}\n", who.principal());
  for (const std::string& group : who.groups()) text += fmt::format("group      {}\n", group);
  std::string how = "not asked for";
  if (who.authentication() == v1::WhoAmIResponse::TOKEN) how = who.token();
  if (who.authentication() == v1::WhoAmIResponse::CERTIFICATE) how = "certificate";
  text += fmt::format("known by   {}\n", how);
  if (who.has_expire_time()) {
    text += fmt::format("until      {}\n", FormatRfc3339(ToUnixNanos(who.expire_time())));
  }
  for (const v1::RoleBinding& binding : who.role_bindings()) {
    text += fmt::format("role       {} on {} as {}\n", v1::RoleBinding::Role_Name(binding.role()),
                        binding.resource(), binding.member());
  }
  return text;
}

// Where a token is kept, and who is told of it: the context that the call is about, or else the
// user's configuration.
absl::Status KeepToken(const Session& session, const std::string& directory,
                       const std::string& token) {
  const std::string context = session.flags().Text("context");
  const std::string path =
      fmt::format("{}/{}", directory, context.empty() ? "token" : context + ".token");
  const std::string trial = path + ".new";
  CAIRN_RETURN_IF_ERROR(WriteSecret(trial, token + "\n"));
  std::error_code error;
  std::filesystem::rename(trial, path, error);
  if (error) return FileError(error.value(), "rename", trial);
  if (context.empty()) {
    return EditConfig(directory + "/config.yaml",
                      {{"server", session.flags().Text("server")}, {"token-file", path}});
  }
  Contexts contexts = session.contexts();
  contexts.by_name[context].values["token-file"] = path;
  return SaveContexts(contexts);
}

absl::StatusOr<int> Login(Session& session, const Invocation&) {
  CAIRN_ASSIGN_OR_RETURN(const std::string directory, ConfigDirectory(session));
  CAIRN_ASSIGN_OR_RETURN(const std::string token, TokenToLogInWith(session));
  CAIRN_RETURN_IF_ERROR(MakeDirectories(directory));
  // Only a token that the server knows takes the place of the one there is.
  CAIRN_ASSIGN_OR_RETURN(client::ConnectOptions options, ConnectOptionsOf(session.flags(), token));
  CAIRN_ASSIGN_OR_RETURN(options.call_timeout_millis,
                         ParseDurationMillis(session.flags().Text("timeout")));
  CAIRN_ASSIGN_OR_RETURN(const auto client, client::Client::Connect(std::move(options)));
  CAIRN_ASSIGN_OR_RETURN(const v1::WhoAmIResponse who, client->auth().WhoAmI({}));
  CAIRN_RETURN_IF_ERROR(KeepToken(session, directory, token));
  if (who.authentication() != v1::WhoAmIResponse::TOKEN) {
    session.Note("note: the server does not ask for tokens; this one was not checked");
  }
  if (session.flags().Text("context").empty() && !session.contexts().current.empty()) {
    session.Note(fmt::format("note: the context {} stays in use; `mlctl context use none` ends it",
                             session.contexts().current));
  }
  return session.EmitText(
      who, fmt::format("logged in to {} as {}\n", session.flags().Text("server"), who.principal()),
      who.principal(), who.principal());
}

// Forgets the token of the context that the call is about, or else of the configuration.
absl::StatusOr<bool> ForgetToken(const Session& session, const std::string& directory) {
  const std::string context = session.flags().Text("context");
  const std::string path =
      fmt::format("{}/{}", directory, context.empty() ? "token" : context + ".token");
  std::error_code error;
  const bool removed = std::filesystem::remove(path, error);
  if (error) return FileError(error.value(), "remove", path);
  if (!removed) return false;
  if (context.empty()) {
    CAIRN_RETURN_IF_ERROR(EditConfig(directory + "/config.yaml", {{"token-file", ""}}));
    return true;
  }
  Contexts contexts = session.contexts();
  auto& values = contexts.by_name[context].values;
  if (values["token-file"] == path) values.erase("token-file");
  CAIRN_RETURN_IF_ERROR(SaveContexts(contexts));
  return true;
}

absl::StatusOr<int> Logout(Session& session, const Invocation&) {
  CAIRN_ASSIGN_OR_RETURN(const std::string directory, ConfigDirectory(session));
  CAIRN_ASSIGN_OR_RETURN(const bool removed, ForgetToken(session, directory));
  session.Note(removed ? "logged out; the token is still valid until it is revoked"
                       : "nobody was logged in");
  return kExitOk;
}

absl::StatusOr<int> WhoAmI(Session& session, const Invocation&) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const v1::WhoAmIResponse who, client->auth().WhoAmI({}));
  return session.EmitText(who, IdentityText(who), who.principal(), who.principal());
}

absl::StatusOr<int> CanI(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::TestPermissionRequest request;
  CAIRN_ASSIGN_OR_RETURN(const v1::Verb verb, VerbNamed(call.arguments[0]));
  request.set_verb(verb);
  for (size_t i = 1; i < call.arguments.size(); ++i) request.add_resources(call.arguments[i]);
  CAIRN_ASSIGN_OR_RETURN(const v1::TestPermissionResponse answer,
                         client->auth().TestPermission(request));
  std::string text;
  bool all = true;
  for (const auto& permission : answer.permissions()) {
    all = all && permission.allowed();
    text += fmt::format("{}  {}", permission.allowed() ? "yes" : "no", permission.resource());
    if (!permission.message().empty()) text += "  " + permission.message();
    text += '\n';
  }
  CAIRN_RETURN_IF_ERROR(
      session.EmitText(answer, text, all ? "yes" : "no", all ? "yes" : "no").status());
  return all ? kExitOk : kExitAuth;
}

Command LoginCommand() {
  return {.path = "login",
          .family = "Access",
          .summary = "Keep a token for the next commands, once the server knows it",
          .arguments = {},
          .flags = {},
          .examples = {{"mlctl login --server https://registry.example:50051 < token",
                        "the token comes on the standard input"},
                       {"mlctl login --token-file /run/secrets/cairn", "or from a file"},
                       {"mlctl whoami", "see what was kept"}},
          .details =
              "The token is kept in mlctl/token of the configuration directory, which only its\n"
              "owner may read; server and token-file are set in config.yaml beside it. Where a\n"
              "context is in use, the token is kept for that one.",
          .handler = Login};
}

Command LogoutCommand() {
  return {.path = "logout",
          .family = "Access",
          .summary = "Forget the token that login kept",
          .arguments = {},
          .flags = {},
          .examples = {{"mlctl logout", "removes the file"},
                       {"mlctl token revoke 0123456789abcdef", "ends the token itself"},
                       {"mlctl config view --origin", "see what is left"}},
          .handler = Logout};
}

Command WhoAmICommand() {
  return {.path = "whoami",
          .family = "Access",
          .summary = "Show who the server takes you for, and your roles",
          .arguments = {},
          .flags = {},
          .examples = {{"mlctl whoami", "principal, groups, roles"},
                       {"mlctl whoami -q", "the principal alone"},
                       {"mlctl whoami -o json", "for a script"}},
          .handler = WhoAmI};
}

Command CanICommand() {
  return {
      .path = "auth can-i",
      .family = "Access",
      .summary = "Tell whether you may do something, and by which binding",
      .arguments = {{"VERB"}, {"RESOURCE", 0, -1}},
      .flags = {},
      .examples = {{"mlctl auth can-i promote models/segments", "ends with 0 or 4"},
                   {"mlctl auth can-i log experiments/-", "in every experiment"},
                   {"mlctl auth can-i admin", "the server as a whole"}},
      .details = "VERB is read, log, promote, approve, override or admin. Exit code: 0 yes, 4 no.",
      .handler = CanI};
}

}  // namespace

std::vector<Command> AccessCommands() {
  return {LoginCommand(), LogoutCommand(), WhoAmICommand(), CanICommand()};
}

}  // namespace cairn::cli
