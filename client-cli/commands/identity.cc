#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "client-cli/cli/exit_code.h"
#include "client-cli/cli/parser.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/output_file.h"
#include "lib/base/status_macros.h"
#include "lib/client/paging.h"
#include "lib/client/token_file.h"

namespace cairn::cli {
namespace {

absl::StatusOr<std::string> ConfigDirectory(const Session& session) {
  if (const auto xdg = session.environment()("XDG_CONFIG_HOME"); xdg && !xdg->empty()) {
    return *xdg + "/mlctl";
  }
  if (const auto home = session.environment()("HOME"); home && !home->empty()) {
    return *home + "/.config/mlctl";
  }
  return UsageError("neither XDG_CONFIG_HOME nor HOME is set: there is no place for a token");
}

// Writes what only its owner may read, also in place of a file that others may read.
absl::Status WriteSecret(const std::string& path, const std::string& text) {
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  const mode_t before = ::umask(S_IRWXG | S_IRWXO);
  absl::Status written = WriteFileAtomically(path, text);
  ::umask(before);
  return written;
}

bool IsKey(std::string_view line, std::string_view key) {
  return line.starts_with(key) && line.substr(key.size()).starts_with(":");
}

// Text for a YAML value, whatever characters it has.
std::string Quoted(const std::string& value) {
  std::string text = "'";
  for (const char c : value) text += c == '\'' ? std::string("''") : std::string(1, c);
  return text + "'";
}

// The user's configuration with `keys` set to new values, or without those whose value is empty;
// all other lines stay as they are.
absl::Status EditConfig(const std::string& path,
                        const std::vector<std::pair<std::string, std::string>>& keys) {
  std::error_code ignored;
  std::string old;
  if (std::filesystem::exists(path, ignored)) {
    CAIRN_ASSIGN_OR_RETURN(old, ReadFile(path, 1 << 20));
  }
  std::string text;
  for (size_t at = 0; at < old.size();) {
    const size_t end = std::min(old.find('\n', at), old.size());
    const std::string line = old.substr(at, end - at);
    at = end + 1;
    bool replaced = false;
    for (const auto& [key, value] : keys) replaced = replaced || IsKey(line, key);
    if (!replaced) text += line + '\n';
  }
  for (const auto& [key, value] : keys) {
    if (!value.empty()) text += fmt::format("{}: {}\n", key, Quoted(value));
  }
  return WriteFileAtomically(path, text);
}

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

absl::StatusOr<int> Login(Session& session, const Invocation&) {
  CAIRN_ASSIGN_OR_RETURN(const std::string directory, ConfigDirectory(session));
  CAIRN_ASSIGN_OR_RETURN(const std::string token, TokenToLogInWith(session));
  CAIRN_RETURN_IF_ERROR(MakeDirectories(directory));
  // Only a token that the server knows takes the place of the one there is.
  const std::string trial = fmt::format("{}/token.new", directory);
  const std::string path = directory + "/token";
  CAIRN_ASSIGN_OR_RETURN(client::ConnectOptions options, ConnectOptionsOf(session.flags(), token));
  CAIRN_ASSIGN_OR_RETURN(options.call_timeout_millis,
                         ParseDurationMillis(session.flags().Text("timeout")));
  CAIRN_ASSIGN_OR_RETURN(const auto client, client::Client::Connect(std::move(options)));
  CAIRN_ASSIGN_OR_RETURN(const v1::WhoAmIResponse who, client->auth().WhoAmI({}));
  CAIRN_RETURN_IF_ERROR(WriteSecret(trial, token + "\n"));
  std::error_code error;
  std::filesystem::rename(trial, path, error);
  if (error) return FileError(error.value(), "rename", trial);
  CAIRN_RETURN_IF_ERROR(
      EditConfig(directory + "/config.yaml",
                 {{"server", session.flags().Text("server")}, {"token-file", path}}));
  if (who.authentication() != v1::WhoAmIResponse::TOKEN) {
    session.Note("note: the server does not ask for tokens; this one was not checked");
  }
  return session.EmitText(
      who, fmt::format("logged in to {} as {}\n", session.flags().Text("server"), who.principal()),
      who.principal(), who.principal());
}

absl::StatusOr<int> Logout(Session& session, const Invocation&) {
  CAIRN_ASSIGN_OR_RETURN(const std::string directory, ConfigDirectory(session));
  std::error_code error;
  const bool removed = std::filesystem::remove(directory + "/token", error);
  if (error) return FileError(error.value(), "remove", directory + "/token");
  if (removed) {
    CAIRN_RETURN_IF_ERROR(EditConfig(directory + "/config.yaml", {{"token-file", ""}}));
  }
  session.Note(removed ? "logged out; the token is still valid until it is revoked"
                       : "nobody was logged in");
  return kExitOk;
}

absl::StatusOr<int> WhoAmI(Session& session, const Invocation&) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const v1::WhoAmIResponse who, client->auth().WhoAmI({}));
  return session.EmitText(who, IdentityText(who), who.principal(), who.principal());
}

absl::StatusOr<v1::Verb> VerbNamed(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  v1::Verb verb = v1::VERB_UNSPECIFIED;
  if (!v1::Verb_Parse(text, &verb) || verb == v1::VERB_UNSPECIFIED) {
    return UsageError(
        fmt::format("a verb is read, log, promote, approve or admin, not \"{}\"", text));
  }
  return verb;
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

std::string TokenName(const std::string& text) {
  return text.starts_with("tokens/") ? text : "tokens/" + text;
}

absl::StatusOr<int> CreateToken(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  const Settings& flags = session.flags();
  v1::CreateTokenRequest request;
  request.mutable_token()->set_principal(call.arguments[0]);
  for (const std::string& group : flags.List("group")) request.mutable_token()->add_groups(group);
  request.mutable_token()->set_display_name(flags.Text("name"));
  request.set_validate_only(flags.Switch("dry-run"));
  if (flags.IsGiven("ttl")) {
    CAIRN_ASSIGN_OR_RETURN(const int64_t millis, ParseDurationMillis(flags.Text("ttl")));
    request.mutable_ttl()->set_seconds(millis / 1000);
    request.mutable_ttl()->set_nanos(static_cast<int32_t>(millis % 1000) * 1'000'000);
  }
  CAIRN_ASSIGN_OR_RETURN(const v1::CreateTokenResponse made, client->auth().CreateToken(request));
  const std::string out = flags.Text("out");
  if (request.validate_only()) {
    return session.EmitChange(made, fmt::format("a token of {}\n", call.arguments[0]), "", "");
  }
  session.Note(fmt::format("{} of {}; nobody can be told its text again", made.token().name(),
                           made.token().principal()));
  if (!out.empty()) {
    const absl::Status written = WriteSecret(out, made.text() + "\n");
    if (!written.ok()) {
      session.Note(fmt::format("the text was not kept: `mlctl token revoke {}` and make another",
                               made.token().name()));
      return written;
    }
    return session.EmitText(made.token(), made.token().name() + "\n", made.token().name(),
                            made.token().name());
  }
  return session.EmitText(made, made.text() + "\n", made.text(), made.text());
}

absl::StatusOr<int> ListTokens(Session& session, const Invocation&) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::ListTokensResponse all;
  CAIRN_RETURN_IF_ERROR(client::ForEachPage(
      v1::ListTokensRequest(), [&](const auto& page) { return client->auth().ListTokens(page); },
      [&all](v1::ListTokensResponse& page) {
        all.MergeFrom(page);
        return true;
      }));
  all.clear_next_page_token();
  Table table;
  table.columns = {{.title = "TOKEN", .id = true},
                   {"PRINCIPAL"},
                   {"GROUPS"},
                   {"FOR"},
                   {"EXPIRES"},
                   {"CREATED"},
                   {"CREATOR", true}};
  for (const v1::Token& token : all.tokens()) {
    std::string groups;
    for (const std::string& group : token.groups()) groups += (groups.empty() ? "" : ",") + group;
    const std::string id = token.name().substr(token.name().rfind('/') + 1);
    table.rows.push_back(
        {token.name(),
         id,
         {Cell(id), Cell(token.principal()), Cell(groups), Cell(token.display_name()),
          session.TimeCell(token.expire_time(), token.has_expire_time()),
          session.TimeCell(token.create_time(), token.has_create_time()), Cell(token.creator())}});
  }
  return session.Emit(all, table);
}

absl::StatusOr<int> RevokeToken(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::RevokeTokenRequest request;
  request.set_name(TokenName(call.arguments[0]));
  request.set_force(session.flags().Switch("force"));
  request.set_validate_only(session.flags().Switch("dry-run"));
  CAIRN_ASSIGN_OR_RETURN(const google::protobuf::Empty done, client->auth().RevokeToken(request));
  return session.EmitChange(done, request.name() + " revoked\n", request.name(), request.name());
}

absl::StatusOr<v1::RoleBinding> BindingOf(const Invocation& call) {
  v1::RoleBinding binding;
  binding.set_member(call.arguments[0]);
  std::string role = call.arguments[1];
  for (char& c : role) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  v1::RoleBinding::Role parsed = v1::RoleBinding::ROLE_UNSPECIFIED;
  if (!v1::RoleBinding::Role_Parse(role, &parsed)) {
    return UsageError(fmt::format(
        "a role is reader, logger, promoter, approver or admin, not \"{}\"", call.arguments[1]));
  }
  binding.set_role(parsed);
  binding.set_resource(call.arguments[2]);
  return binding;
}

absl::StatusOr<int> BindRole(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::SetRoleBindingRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_role_binding(), BindingOf(call));
  for (const std::string& text : session.flags().List("verb")) {
    CAIRN_ASSIGN_OR_RETURN(const v1::Verb verb, VerbNamed(text));
    request.mutable_role_binding()->add_verbs(verb);
  }
  request.set_force(session.flags().Switch("force"));
  request.set_validate_only(session.flags().Switch("dry-run"));
  CAIRN_ASSIGN_OR_RETURN(const v1::RoleBinding made, client->auth().SetRoleBinding(request));
  return session.EmitChange(made,
                            fmt::format("{}: {} is {} on {}\n", made.name(), made.member(),
                                        v1::RoleBinding::Role_Name(made.role()), made.resource()),
                            made.name(), made.name());
}

absl::StatusOr<int> ListRoles(Session& session, const Invocation&) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::ListRoleBindingsResponse all;
  CAIRN_RETURN_IF_ERROR(client::ForEachPage(
      v1::ListRoleBindingsRequest(),
      [&](const auto& page) { return client->auth().ListRoleBindings(page); },
      [&all](v1::ListRoleBindingsResponse& page) {
        all.MergeFrom(page);
        return true;
      }));
  all.clear_next_page_token();
  Table table;
  table.columns = {
      {.title = "BINDING", .id = true}, {"MEMBER"}, {"ROLE"}, {"RESOURCE"}, {"VERBS"}, {"UPDATED"}};
  for (const v1::RoleBinding& binding : all.role_bindings()) {
    std::string verbs;
    for (const int verb : binding.verbs()) {
      verbs += (verbs.empty() ? "" : ",") + v1::Verb_Name(static_cast<v1::Verb>(verb));
    }
    table.rows.push_back(
        {binding.name(),
         binding.name(),
         {Cell(binding.name()), Cell(binding.member()),
          Cell(v1::RoleBinding::Role_Name(binding.role())), Cell(binding.resource()), Cell(verbs),
          session.TimeCell(binding.update_time(), binding.has_update_time())}});
  }
  return session.Emit(all, table);
}

absl::StatusOr<int> UnbindRole(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::DeleteRoleBindingRequest request;
  request.set_name(call.arguments[0].starts_with("roleBindings/")
                       ? call.arguments[0]
                       : "roleBindings/" + call.arguments[0]);
  request.set_force(session.flags().Switch("force"));
  request.set_validate_only(session.flags().Switch("dry-run"));
  CAIRN_ASSIGN_OR_RETURN(const google::protobuf::Empty done,
                         client->auth().DeleteRoleBinding(request));
  return session.EmitChange(done, request.name() + " removed\n", request.name(), request.name());
}

constexpr Flag kForce = {.name = "force",
                         .kind = FlagKind::kSwitch,
                         .help = "also when nobody could administer the server any more"};

std::vector<Command> CallerCommands() {
  return {
      {.path = "login",
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
           "owner may read; server and token-file are set in config.yaml beside it.",
       .handler = Login},
      {.path = "logout",
       .family = "Access",
       .summary = "Forget the token that login kept",
       .arguments = {},
       .flags = {},
       .examples = {{"mlctl logout", "removes the file"},
                    {"mlctl token revoke 0123456789abcdef", "ends the token itself"},
                    {"mlctl config view --origin", "see what is left"}},
       .handler = Logout},
      {.path = "whoami",
       .family = "Access",
       .summary = "Show who the server takes you for, and your roles",
       .arguments = {},
       .flags = {},
       .examples = {{"mlctl whoami", "principal, groups, roles"},
                    {"mlctl whoami -q", "the principal alone"},
                    {"mlctl whoami -o json", "for a script"}},
       .handler = WhoAmI},
      {.path = "auth can-i",
       .family = "Access",
       .summary = "Tell whether you may do something, and by which binding",
       .arguments = {{"VERB"}, {"RESOURCE", 0, -1}},
       .flags = {},
       .examples = {{"mlctl auth can-i promote models/segments", "ends with 0 or 4"},
                    {"mlctl auth can-i log experiments/-", "in every experiment"},
                    {"mlctl auth can-i admin", "the server as a whole"}},
       .details = "VERB is read, log, promote, approve or admin. Exit code: 0 yes, 4 no.",
       .handler = CanI},
  };
}

}  // namespace

std::vector<Command> AccessCommands() {
  std::vector<Command> commands = CallerCommands();
  std::vector<Command> administration = {
      {.path = "token create",
       .family = "Access",
       .summary = "Make a token and print its text, which nobody can be told again",
       .arguments = {{"PRINCIPAL"}},
       .flags = {{.name = "group",
                  .kind = FlagKind::kList,
                  .value = "GROUP",
                  .help = "a group that who calls with it belongs to"},
                 {.name = "name", .value = "TEXT", .help = "what it is for"},
                 {.name = "ttl",
                  .value = "DURATION",
                  .help = "how long it is valid, such as 30d; by default for ever"},
                 {.name = "out",
                  .value = "FILE",
                  .help = "write the text there, for its owner's eyes only"},
                 kDryRun},
       .examples = {{"mlctl token create trainer --ttl 30d --out trainer.token", "into a file"},
                    {"mlctl token create ada --group ds --name laptop", "to the standard output"},
                    {"mlctl token list", "those there are"}},
       .handler = CreateToken},
      {.path = "token list",
       .family = "Access",
       .summary = "List tokens, without their texts",
       .arguments = {},
       .flags = {},
       .examples = {{"mlctl token list", "all"},
                    {"mlctl token list --sort-by expires", "by their end"},
                    {"mlctl token list -o json", "for a script"}},
       .handler = ListTokens},
      {.path = "token revoke",
       .family = "Access",
       .summary = "End a token: calls that begin from now on are not known by it",
       .arguments = {{"TOKEN"}},
       .flags = {kForce, kDryRun},
       .examples = {{"mlctl token revoke 0123456789abcdef", "by id"},
                    {"mlctl token revoke tokens/0123456789abcdef", "by name"},
                    {"mlctl token revoke 0123456789abcdef --dry-run", "only check"}},
       .handler = RevokeToken},
      {.path = "role bind",
       .family = "Access",
       .summary = "Let a member do something to a resource and all below it",
       .arguments = {{"MEMBER"}, {"ROLE"}, {"RESOURCE"}},
       .flags = {{.name = "verb",
                  .kind = FlagKind::kList,
                  .value = "VERB",
                  .help = "only this one of the role's verbs"},
                 kForce,
                 kDryRun},
       .examples = {{"mlctl role bind group:ds logger experiments/-", "all experiments"},
                    {"mlctl role bind principal:ci promoter models/segments", "one model"},
                    {"mlctl role bind '*' reader '*'", "every token may read"}},
       .details = "MEMBER is principal:NAME, group:NAME or * for all that have a token. ROLE is\n"
                  "reader, logger, promoter, approver or admin.",
       .handler = BindRole},
      {.path = "role list",
       .family = "Access",
       .summary = "List who may do what",
       .arguments = {},
       .flags = {},
       .examples = {{"mlctl role list", "all bindings"},
                    {"mlctl role list --sort-by member", "by member"},
                    {"mlctl role list -o json", "for a script"}},
       .handler = ListRoles},
      {.path = "role unbind",
       .family = "Access",
       .summary = "Take a role from a member",
       .arguments = {{"BINDING"}},
       .flags = {kForce, kDryRun},
       .examples = {{"mlctl role unbind roleBindings/0123456789abcdef", "by name"},
                    {"mlctl role list", "names of bindings"},
                    {"mlctl role unbind 0123456789abcdef --dry-run", "only check"}},
       .handler = UnbindRole},
  };
  for (Command& command : administration) commands.push_back(std::move(command));
  return commands;
}

}  // namespace cairn::cli
