#include <string>
#include <utility>
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

// A dry run only looks whether it is there.
absl::StatusOr<int> DeleteView(Session& session, const std::string& name) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  google::protobuf::Empty done;
  if (session.flags().Switch("dry-run")) {
    v1::GetViewRequest get;
    get.set_name(name);
    CAIRN_RETURN_IF_ERROR(client->views().GetView(get).status());
  } else {
    v1::DeleteViewRequest request;
    request.set_name(name);
    CAIRN_ASSIGN_OR_RETURN(done, client->views().DeleteView(request));
  }
  return session.EmitChange(done, fmt::format("{} deleted\n", name), name, name);
}

absl::StatusOr<int> DeleteViews(Session& session, const Invocation& call) {
  const std::vector<std::string>& names = call.arguments;
  if (!session.flags().Switch("dry-run")) {
    const std::string more = names.size() == 1 ? "" : fmt::format(" and {} more", names.size() - 1);
    CAIRN_RETURN_IF_ERROR(session.Confirm(
        fmt::format("Delete {}{}, so that links to it lead nowhere?", names.front(), more)));
  }
  return ForEachTarget(session, names,
                       [&](const std::string& name) { return DeleteView(session, name); });
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
