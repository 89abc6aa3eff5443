#include <string>
#include <vector>

#include "client-cli/cli/command.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/each_target.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

// What a browser shows as the address of a page, without the server.
std::string AddressOnServer(const std::string& text) {
  const size_t scheme = text.find("://");
  if (scheme == std::string::npos || text.starts_with('/')) return text;
  const size_t path = text.find('/', scheme + 3);
  return path == std::string::npos ? "/" : text.substr(path);
}

absl::StatusOr<int> CreateView(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::CreateViewRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_parent(), ResolveExperiment(session, call.arguments[0]));
  request.mutable_view()->set_address(AddressOnServer(call.arguments[1]));
  request.mutable_view()->set_title(session.flags().Text("title"));
  request.set_validate_only(session.flags().Switch("dry-run"));
  CAIRN_ASSIGN_OR_RETURN(const v1::View view, client->views().CreateView(request));
  return session.EmitChange(view, view.name() + "\n", view.name(),
                            view.name().substr(view.name().rfind('/') + 1));
}

absl::StatusOr<int> DeleteViews(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  const std::vector<std::string>& names = call.arguments;
  const bool dry_run = session.flags().Switch("dry-run");
  if (!dry_run) {
    CAIRN_RETURN_IF_ERROR(
        session.Confirm(fmt::format("Delete {}, so that links to it lead nowhere?",
                                    FirstAndMore(names.front(), names.size()))));
  }
  return ForEachTarget(session, names, [&](const std::string& name) -> absl::StatusOr<int> {
    v1::DeleteViewRequest request;
    request.set_name(name);
    request.set_validate_only(dry_run);
    CAIRN_ASSIGN_OR_RETURN(const auto nothing, client->views().DeleteView(request));
    return session.EmitChange(nothing, name + " deleted\n", name, name);
  });
}

}  // namespace

std::vector<Command> ViewCommands() {
  return {
      {.path = "create view",
       .family = "Log",
       .summary = "Keep the state of a page of the web UI under a short name",
       .arguments = {{"EXPERIMENT", 1, 1, "experiment"}, {"ADDRESS"}},
       .flags = {{.name = "title",
                  .value = "TEXT",
                  .help = "what to call it; without one it is in no list"},
                 kDryRun},
       .examples = {{"mlctl create view 0 '/experiments/0?sort=metrics.loss' --title 'best first'",
                     "prints its name"},
                    {"mlctl create view 0 'http://127.0.0.1:8080/compare?runs=9f3c,0a1b'",
                     "as the browser has it"},
                    {"mlctl list views segments", "those that have a title"}},
       .details = "The same page in the same state is one view; a title given later is taken.",
       .handler = CreateView},
      {.path = "delete view",
       .family = "Delete",
       .summary = "Delete views; links to them lead nowhere afterwards",
       .arguments = {{"VIEW", 1, -1}},
       .flags = {kYes, kDryRun},
       .examples = {{"mlctl delete view experiments/1/views/ajpuwbjj3o", "asks first"},
                    {"mlctl delete view experiments/1/views/ajpuwbjj3o --yes", "without asking"},
                    {"mlctl delete view experiments/1/views/ajpuwbjj3o --dry-run",
                     "only look whether it is there"}},
       .handler = DeleteViews},
  };
}

}  // namespace cairn::cli
