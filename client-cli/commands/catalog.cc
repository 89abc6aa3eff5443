#include "client-cli/commands/catalog.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "lib/command_line/caller_flags.h"

namespace cairn::cli {
namespace {

std::vector<Flag> GlobalFlags() {
  std::vector<Flag> flags = {
      {.name = "server",
       .value = "HOST:PORT",
       .help = "the server's address; https://HOST:PORT speaks TLS",
       .fallback = "127.0.0.1:50051"},
      {.name = "context",
       .value = "NAME",
       .help = "the server that `mlctl context set` gave this name"},
      {.name = "yes-protected",
       .value = "NAME",
       .help = "change something in the protected context NAME without being asked"},
      {.name = "output",
       .letter = 'o',
       .value = "FORMAT",
       .help = "how to print; by default a table on a terminal, else tab-separated",
       .choices = "table|wide|tsv|json|jsonl|yaml|csv|md|name"},
      {.name = "quiet",
       .letter = 'q',
       .kind = FlagKind::kSwitch,
       .help = "print ids only, no hints and no progress"},
      {.name = "columns", .value = "A,B,...", .help = "which columns of a table, in this order"},
      {.name = "sort-by", .value = "COLUMN", .help = "sort a table's rows; -COLUMN reverses"},
      {.name = "no-headers", .kind = FlagKind::kSwitch, .help = "leave out the titles of columns"},
      {.name = "color",
       .value = "WHEN",
       .help = "colour",
       .choices = "auto|always|never",
       .fallback = "auto"},
      {.name = "timeout",
       .kind = FlagKind::kDuration,
       .value = "DURATION",
       .help = "how long one call may take, such as 30s",
       .fallback = "30s"},
      {.name = "no-input", .kind = FlagKind::kSwitch, .help = "never ask; fail instead"},
      {.name = "principal", .value = "NAME", .help = "who is calling, for the server's records"}};
  const std::vector<Flag> caller = command_line::CallerFlags();
  flags.insert(flags.end(), caller.begin(), caller.end());
  flags.push_back(
      {.name = "request-id",
       .value = "UUID",
       .help = "repeat the command with the same one and nothing is done twice (help retries)",
       .blank_rule = "; it must be a UUID4, such as /proc/sys/kernel/random/uuid gives"});
  return flags;
}

// Those that change nothing on the server.
constexpr std::string_view kReads[] = {"get",
                                       "list",
                                       "describe",
                                       "search runs",
                                       "get curve",
                                       "get curves",
                                       "count runs",
                                       "fields",
                                       "groups",
                                       "watch",
                                       "follow",
                                       "consumers",
                                       "requests",
                                       "wait",
                                       "fetch",
                                       "diff dataset",
                                       "lineage",
                                       "policy check",
                                       "policy render",
                                       "policy diff",
                                       "policy init",
                                       "why",
                                       "why-not",
                                       "history",
                                       "du",
                                       "get operation",
                                       "list operations",
                                       "get operations",
                                       "wait operation",
                                       "ping",
                                       "version",
                                       "doctor",
                                       "config view",
                                       "completion",
                                       "help",
                                       "login",
                                       "logout",
                                       "whoami",
                                       "auth can-i",
                                       "token list",
                                       "audit list",
                                       "audit verify",
                                       "audit export",
                                       "audit checkpoint",
                                       "role list",
                                       "context list",
                                       "context show",
                                       "context use",
                                       "context set",
                                       "context delete"};

}  // namespace

bool Changes(const Command& command) {
  return std::find(std::begin(kReads), std::end(kReads), command.path) == std::end(kReads);
}

const CommandTable& Catalog() {
  static const CommandTable table = [] {
    CommandTable built = {
        .program = "mlctl",
        .prefix = kVariablePrefix,
        .about = "mlctl talks to a Cairn server: experiments, data sets, models, what is live.",
        .examples = {
            {"mlctl search runs --order-by 'metrics.silhouette desc' --limit 10",
             "the ten best runs by silhouette"},
            {"mlctl promote customer-segments#production", "let the policy decide, and see why"},
            {"mlctl why customer-segments#production", ""},
            {"mlctl fetch customer-segments#production -o model/", "get the files that are live"}}};
    for (auto* family :
         {LookCommands,       CurveCommands,       OverviewCommands,  RunCommands,
          LoggingCommands,    DataCommands,        DatasetCommands,   RetentionCommands,
          LineageCommands,    RegistryCommands,    PromotionCommands, PolicyCommands,
          DeletionCommands,   WayBackCommands,     StorageCommands,   MetricFileCommands,
          OperationCommands,  WatchCommands,       AccessCommands,    TokenCommands,
          RoleCommands,       AuditCommands,       EvaluateCommands,  ContextCommands,
          AdminCommands,      ModelChangeCommands, ConsumerCommands,  RequestCommands,
          ManyCurvesCommands, ViewCommands,        MigrationCommands}) {
      for (Command& command : family()) built.commands.push_back(std::move(command));
    }
    built.global_flags = GlobalFlags();
    built.topics = Topics();
    return built;
  }();
  return table;
}

}  // namespace cairn::cli
