#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "client-cli/cli/command.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/session.h"
#include "client-cli/commands/user_files.h"
#include "client-cli/commands/verbs.h"
#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "lib/client/paging.h"

namespace cairn::cli {
namespace {

std::string TokenName(const std::string& text) {
  return text.starts_with("tokens/") ? text : "tokens/" + text;
}

absl::StatusOr<v1::CreateTokenRequest> TokenAskedFor(const Settings& flags,
                                                     const Invocation& call) {
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
  return request;
}

// Another token in the file would be lost for good, and one that cannot be kept lives for nothing.
absl::Status CheckNewFile(const std::string& path) {
  if (path.empty()) return absl::OkStatus();
  std::error_code ignored;
  const std::filesystem::path file(path);
  if (std::filesystem::exists(std::filesystem::symlink_status(file, ignored))) {
    return UsageError(
        fmt::format("--out {}: the file exists and may hold another token; name a "
                    "new one, or remove it",
                    path));
  }
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  if (!std::filesystem::is_directory(folder, ignored)) {
    return UsageError(fmt::format("--out {}: there is no directory {}", path, folder.string()));
  }
  return absl::OkStatus();
}

absl::StatusOr<int> CreateToken(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const v1::CreateTokenRequest request,
                         TokenAskedFor(session.flags(), call));
  // Before the token is made, of which the file is the only copy.
  CAIRN_RETURN_IF_ERROR(CheckNewFile(session.flags().Text("out")));
  CAIRN_ASSIGN_OR_RETURN(const v1::CreateTokenResponse made, client->auth().CreateToken(request));
  const std::string out = session.flags().Text("out");
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

Table TokenTable(const Session& session, const v1::ListTokensResponse& all) {
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
  return table;
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
  return session.Emit(all, TokenTable(session, all));
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

Command CreateTokenCommand() {
  return {
      .path = "token create",
      .family = "Access",
      .summary = "Make a token and print its text, which nobody can be told again",
      .arguments = {{"PRINCIPAL"}},
      .flags = {{.name = "group",
                 .repeatable = true,
                 .value = "GROUP",
                 .help = "a group that who calls with it belongs to"},
                {.name = "name", .value = "TEXT", .help = "what it is for"},
                {.name = "ttl",
                 .kind = FlagKind::kDuration,
                 .value = "DURATION",
                 .help = "how long it is valid, such as 30d; by default for ever"},
                {.name = "out",
                 .kind = FlagKind::kPath,
                 .value = "FILE",
                 .help = "write the text there, for its owner's eyes only"},
                kDryRun},
      .examples = {{"mlctl token create trainer --ttl 30d --out trainer.token", "into a file"},
                   {"mlctl token create ada --group ds --name laptop", "to the standard output"},
                   {"mlctl token list", "those there are"}},
      .handler = CreateToken};
}

Command ListTokensCommand() {
  return {.path = "token list",
          .family = "Access",
          .summary = "List tokens, without their texts",
          .arguments = {},
          .flags = {},
          .examples = {{"mlctl token list", "all"},
                       {"mlctl token list --sort-by expires", "by their end"},
                       {"mlctl token list -o json", "for a script"}},
          .handler = ListTokens};
}

Command RevokeTokenCommand() {
  return {.path = "token revoke",
          .family = "Access",
          .summary = "End a token: calls that begin from now on are not known by it",
          .arguments = {{"TOKEN"}},
          .flags = {kForce, kDryRun},
          .examples = {{"mlctl token revoke 0123456789abcdef", "by id"},
                       {"mlctl token revoke tokens/0123456789abcdef", "by name"},
                       {"mlctl token revoke 0123456789abcdef --dry-run", "only check"}},
          .handler = RevokeToken};
}

}  // namespace

std::vector<Command> TokenCommands() {
  return {CreateTokenCommand(), ListTokensCommand(), RevokeTokenCommand()};
}

}  // namespace cairn::cli
