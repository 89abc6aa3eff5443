#ifndef CAIRN_CLIENT_CLI_COMMANDS_CATALOG_H_
#define CAIRN_CLIENT_CLI_COMMANDS_CATALOG_H_

#include <vector>

#include "client-cli/cli/command.h"

namespace cairn::cli {

// The table of all commands, flags and topics, from which parsing, help,
// completion and docs/mlctl.md come. Built once; lives as long as the process.
const CommandTable& Catalog();

// The rows of each family, with their handlers.
std::vector<Command> LookCommands();         // get, list, describe, search
std::vector<Command> CurveCommands();        // get curve, count runs
std::vector<Command> OverviewCommands();     // fields, groups
std::vector<Command> ManyCurvesCommands();   // get curves
std::vector<Command> ViewCommands();         // create and delete view
std::vector<Command> RunCommands();          // create experiment, run start, finish, …
std::vector<Command> LoggingCommands();      // log …
std::vector<Command> DataCommands();         // put, fetch
std::vector<Command> DatasetCommands();      // diff, tag and delete dataset
std::vector<Command> RetentionCommands();    // set retention, prune dataset
std::vector<Command> LineageCommands();      // lineage
std::vector<Command> RegistryCommands();     // create model, register, alias …
std::vector<Command> ModelChangeCommands();  // update, archive, copy, delete version …
std::vector<Command> EvaluateCommands();     // evaluate
std::vector<Command> PromotionCommands();    // apply, policy, promote, why, …
std::vector<Command> PolicyCommands();       // policy diff and init, delete policy
std::vector<Command> WayBackCommands();      // rollback, hold, release, override
std::vector<Command> DeletionCommands();     // delete, restore, purge
std::vector<Command> StorageCommands();      // delete artifact, du, gc, scrub
std::vector<Command> OperationCommands();    // get, list, wait, cancel operation
std::vector<Command> MetricFileCommands();   // log metrics
std::vector<Command> MigrationCommands();    // import mlflow
std::vector<Command> WatchCommands();        // watch, follow, wait
std::vector<Command> ConsumerCommands();     // consumers
std::vector<Command> RequestCommands();      // requests
std::vector<Command> AccessCommands();       // login, whoami, auth can-i
std::vector<Command> TokenCommands();        // token …
std::vector<Command> RoleCommands();         // role …
std::vector<Command> AuditCommands();        // audit …
std::vector<Command> ContextCommands();      // context …
std::vector<Command> AdminCommands();        // ping, version, doctor, completion, …

// Whether a command changes something on the server, as every one does that is not known to read
// only: that is asked for where a context is protected.
bool Changes(const Command& command);

// The pages of `mlctl help TOPIC`.
std::vector<Topic> Topics();

// Flags that many commands have.
inline constexpr Flag kDryRun = {
    .name = "dry-run", .kind = FlagKind::kSwitch, .help = "say what would happen, change nothing"};
inline constexpr Flag kYes = {
    .name = "yes", .letter = 'y', .kind = FlagKind::kSwitch, .help = "do not ask for confirmation"};
inline constexpr Flag kLimit = {.name = "limit",
                                .kind = FlagKind::kInteger,
                                .value = "N",
                                .help = "how many to show at most",
                                .fallback = "100",
                                .least = 1};
inline constexpr Flag kAll = {
    .name = "all", .kind = FlagKind::kSwitch, .help = "show all, however many there are"};
inline constexpr Flag kShowDeleted = {
    .name = "show-deleted", .kind = FlagKind::kSwitch, .help = "include what was deleted"};
inline constexpr Flag kExperiments = {.name = "experiment",
                                      .letter = 'e',
                                      .repeatable = true,
                                      .value = "EXPERIMENT",
                                      .help = "look only in this experiment, by number or name"};
inline constexpr std::string_view kBlankMeansAll =
    ", which would mean everything; leave it out if that is meant";
inline constexpr Flag kFilter = {.name = "filter",
                                 .value = "FILTER",
                                 .help = "only runs that match (mlctl help filters)",
                                 .blank_rule = kBlankMeansAll};
inline constexpr Flag kOrderBy = {
    .name = "order-by",
    .value = "KEYS",
    .help = "sort keys, such as 'metrics.silhouette desc, start_time'"};
inline constexpr Flag kFromStep = {.name = "from",
                                   .kind = FlagKind::kInteger,
                                   .value = "STEP",
                                   .help = "the first step; by default the beginning"};
inline constexpr Flag kToStep = {.name = "to",
                                 .kind = FlagKind::kInteger,
                                 .value = "STEP",
                                 .help = "the step to stop before; by default the end"};
inline constexpr Flag kTags = {
    .name = "tag", .repeatable = true, .value = "KEY=VALUE", .help = "a tag to set"};
inline constexpr Flag kFollowLinks = {
    .name = "follow-links",
    .kind = FlagKind::kSwitch,
    .help = "below directories, store what links to directories lead to"};
inline constexpr Flag kChannelFlag = {
    .name = "channel", .value = "CHANNEL", .help = "the channel", .fallback = "production"};

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_CATALOG_H_
