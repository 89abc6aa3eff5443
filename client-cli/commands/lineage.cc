#include <string>
#include <string_view>
#include <vector>

#include "client-cli/cli/command.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/cli/lineage_tree.h"
#include "client-cli/cli/proto_text.h"
#include "client-cli/cli/reference.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

absl::StatusOr<int> ShowLineage(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  const Settings& flags = session.flags();
  v1::GetLineageRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_name(), ResolveAny(session, call.arguments[0]));
  const std::string direction = flags.Text("direction");
  request.set_direction(direction == "up"     ? v1::GetLineageRequest::UPSTREAM
                        : direction == "down" ? v1::GetLineageRequest::DOWNSTREAM
                                              : v1::GetLineageRequest::DIRECTION_UNSPECIFIED);
  if (flags.Integer("depth") < 1 || flags.Integer("depth") > 64) {
    return UsageError("--depth must be from 1 to 64");
  }
  request.set_max_depth(static_cast<int32_t>(flags.Integer("depth")));
  request.set_max_per_hop(static_cast<int32_t>(flags.Integer("per-hop")));
  request.set_count(flags.Switch("count"));
  CAIRN_ASSIGN_OR_RETURN(const v1::Lineage lineage, client->datasets().GetLineage(request));
  const std::string format = flags.Text("format");
  const std::string text = format == "dot" ? LineageDot(lineage)
                           : format == "json"
                               ? ToJson(lineage)
                               : DrawLineage(lineage, session.terminal().unicode, session.width());
  return session.EmitText(lineage, text, lineage.root(), ShortName(lineage.root()));
}

}  // namespace

std::vector<Command> LineageCommands() {
  return {
      {.path = "lineage",
       .family = "Data",
       .summary = "Draw what something was made from and what was made from it",
       .arguments = {{"REFERENCE", 1, 1, "model"}},
       .flags = {{.name = "direction",
                  .value = "WAY",
                  .help = "which way to go",
                  .choices = "both|up|down",
                  .fallback = "both"},
                 {.name = "depth",
                  .kind = FlagKind::kInteger,
                  .value = "N",
                  .help = "how many steps away at most, from 1 to 64",
                  .fallback = "16",
                  .least = 1},
                 {.name = "per-hop",
                  .kind = FlagKind::kInteger,
                  .value = "N",
                  .help =
                      "how many of a kind to draw at each step at most; 0: all there is room for",
                  .fallback = "0",
                  .least = 0,
                  .most = 10000},
                 {.name = "count",
                  .kind = FlagKind::kSwitch,
                  .help = "also count what is so many steps away, drawn or not"},
                 {.name = "format",
                  .value = "FORMAT",
                  .help = "a tree for people, a graph for graphviz, or JSON",
                  .choices = "tree|dot|json",
                  .fallback = "tree"}},
       .examples = {{"mlctl lineage customer-segments#production", "where production comes from"},
                    {"mlctl lineage dataset:retail@1 --direction down --per-hop 3 --count",
                     "what came of the data, three of a kind drawn and all counted"},
                    {"mlctl lineage customer-segments@3 --format dot | dot -Tsvg > lineage.svg",
                     "a picture"}},
       .details = "-o json and -o yaml print the graph as well.",
       .handler = ShowLineage},
  };
}

}  // namespace cairn::cli
