#include <cctype>
#include <string>
#include <utility>
#include <vector>

#include "client-cli/cli/command.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/session.h"
#include "client-cli/commands/verbs.h"
#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "lib/client/paging.h"

namespace cairn::cli {
namespace {

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

Command BindCommand() {
  return {.path = "role bind",
          .family = "Access",
          .summary = "Let a member do something to a resource and all below it",
          .arguments = {{"MEMBER"}, {"ROLE"}, {"RESOURCE"}},
          .flags = {{.name = "verb",
                     .repeatable = true,
                     .value = "VERB",
                     .help = "only this one of the role's verbs"},
                    kForce,
                    kDryRun},
          .examples = {{"mlctl role bind group:ds logger experiments/-", "all experiments"},
                       {"mlctl role bind principal:ci promoter models/segments", "one model"},
                       {"mlctl role bind '*' reader '*'", "every token may read"}},
          .details =
              "MEMBER is principal:NAME, group:NAME or * for all that have a token. ROLE is\n"
              "reader, logger, promoter, approver or admin.",
          .handler = BindRole};
}

Command ListRolesCommand() {
  return {.path = "role list",
          .family = "Access",
          .summary = "List who may do what",
          .arguments = {},
          .flags = {},
          .examples = {{"mlctl role list", "all bindings"},
                       {"mlctl role list --sort-by member", "by member"},
                       {"mlctl role list -o json", "for a script"}},
          .handler = ListRoles};
}

Command UnbindCommand() {
  return {.path = "role unbind",
          .family = "Access",
          .summary = "Take a role from a member",
          .arguments = {{"BINDING"}},
          .flags = {kForce, kDryRun},
          .examples = {{"mlctl role unbind roleBindings/0123456789abcdef", "by name"},
                       {"mlctl role list", "names of bindings"},
                       {"mlctl role unbind 0123456789abcdef --dry-run", "only check"}},
          .handler = UnbindRole};
}

}  // namespace

std::vector<Command> RoleCommands() { return {BindCommand(), ListRolesCommand(), UnbindCommand()}; }

}  // namespace cairn::cli
