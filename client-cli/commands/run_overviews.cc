#include <string>
#include <utility>
#include <vector>

#include "client-cli/cli/command.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/collect.h"
#include "client-cli/commands/description_printer.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "client-cli/commands/tables.h"
#include "fmt/format.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

Cell Figure(bool present, double value) { return present ? ExactNumber(value) : Cell(); }

Column Right(std::string title) { return {std::move(title), false, true}; }

Table FieldTable(const v1::ListRunFieldsResponse& list) {
  Table table;
  table.columns = {{.title = "FIELD", .id = true},
                   {"TYPE"},
                   Right("RUNS"),
                   Right("DISTINCT"),
                   Right("MIN"),
                   Right("MAX")};
  for (const v1::RunField& field : list.fields()) {
    // Without a type nothing else is known.
    const bool known = field.type() != v1::RunField::TYPE_UNSPECIFIED;
    table.rows.push_back({field.field(),
                          field.field(),
                          {Cell(field.field()),
                           known ? Cell(StateText(v1::RunField::Type_Name(field.type()))) : Cell(),
                           known ? Cell(std::to_string(field.run_count())) : Cell(),
                           known ? Cell(std::to_string(field.distinct_count())) : Cell(),
                           Figure(field.has_min_value(), field.min_value()),
                           Figure(field.has_max_value(), field.max_value())}});
  }
  return table;
}

absl::StatusOr<int> ListFields(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::ListRunFieldsRequest request;
  CAIRN_RETURN_IF_ERROR(ChooseRuns(session, call.arguments, request));
  request.set_query(session.flags().Text("query"));
  CAIRN_ASSIGN_OR_RETURN(const AnyMessage found,
                         Collect<v1::ListRunFieldsResponse>(session, request, [&](const auto& r) {
                           return client->tracking().ListRunFields(r);
                         }));
  const auto& list = static_cast<const v1::ListRunFieldsResponse&>(*found);
  if (list.fields().empty()) session.Hint("no run here has such a metric, parameter or tag");
  if (list.fields_size() < list.total_size()) {
    session.Hint(fmt::format("{} of {} fields; --query TEXT finds some by name", list.fields_size(),
                             list.total_size()));
  }
  return session.Emit(list, session.wants_message() ? Table() : FieldTable(list));
}

// A column for each field and each figure of a measure.
Table GroupTable(const v1::GroupRunsRequest& request, const v1::GroupRunsResponse& list) {
  Table table;
  for (const std::string& field : request.group_by()) {
    table.columns.push_back({.title = field, .id = true});
  }
  table.columns.push_back(Right("RUNS"));
  for (const std::string& measure : request.measures()) {
    for (const char* figure : {"mean", "min", "max"}) {
      table.columns.push_back(Right(fmt::format("{}({})", figure, measure)));
    }
    table.columns.push_back({fmt::format("n({})", measure), true, true});
  }
  for (const v1::RunGroup& group : list.groups()) {
    Row& row = table.rows.emplace_back();
    for (const v1::RunGroup::Value& value : group.values()) {
      row.name += (row.cells.empty() ? "" : " ") + value.text();
      row.cells.emplace_back(value.text(), value.missing() ? "-" : "");
    }
    row.id = row.name;
    row.cells.emplace_back(std::to_string(group.run_count()));
    for (const v1::RunMeasure& measure : group.measures()) {
      row.cells.push_back(Figure(measure.has_mean(), measure.mean()));
      row.cells.push_back(Figure(measure.has_min(), measure.min()));
      row.cells.push_back(Figure(measure.has_max(), measure.max()));
      row.cells.emplace_back(std::to_string(measure.count()));
    }
  }
  return table;
}

absl::StatusOr<int> GroupRuns(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::GroupRunsRequest request;
  CAIRN_RETURN_IF_ERROR(ChooseRuns(session, call.arguments, request));
  for (const std::string& field : session.flags().List("by")) request.add_group_by(field);
  for (const std::string& measure : session.flags().List("measure")) {
    request.add_measures(measure);
  }
  request.set_order_by(session.flags().Text("order-by"));
  CAIRN_ASSIGN_OR_RETURN(const AnyMessage found,
                         Collect<v1::GroupRunsResponse>(session, request, [&](const auto& r) {
                           return client->tracking().GroupRuns(r);
                         }));
  const auto& list = static_cast<const v1::GroupRunsResponse&>(*found);
  if (list.groups().empty()) session.Hint("no run to group");
  return session.Emit(list, session.wants_message() ? Table() : GroupTable(request, list));
}

}  // namespace

std::vector<Command> OverviewCommands() {
  return {
      {.path = "fields",
       .family = "Look",
       .summary = "List the metrics, parameters and tags that runs have",
       .arguments = {{"EXPERIMENT", 0, -1, "experiment"}},
       .flags = {{.name = "query", .value = "TEXT", .help = "only those with this in their name"},
                 kFilter,
                 kLimit,
                 kAll,
                 kShowDeleted},
       .examples = {{"mlctl fields segments --query sil", "those whose names have \"sil\""},
                    {"mlctl fields --filter 'state = FAILED'", "what runs that failed have"},
                    {"mlctl fields segments --all -o csv", "all of one experiment, as CSV"}},
       .details = "Each comes with how many runs have it, its different values, and the least and\n"
                  "greatest where all are numbers. Names that begin with the text come first.",
       .handler = ListFields},
      {.path = "groups",
       .family = "Look",
       .summary = "Group runs by the values of fields, and sum metrics up",
       .arguments = {{"EXPERIMENT", 0, -1, "experiment"}},
       .flags = {{.name = "by",
                  .repeatable = true,
                  .value = "FIELD",
                  .help = "a field to group by, such as params.k, tags.KEY, state, user; up to 3",
                  .required = true},
                 {.name = "measure",
                  .repeatable = true,
                  .value = "METRIC",
                  .help = "what to sum up: metrics.KEY or duration, in seconds; up to 20"},
                 {.name = "order-by",
                  .value = "KEY",
                  .help =
                      "run_count, a field, or mean, min or max of a measure; the largest groups "
                      "by default"},
                 kFilter,
                 kLimit,
                 kAll,
                 kShowDeleted},
       .examples = {{"mlctl groups segments --by params.k --measure metrics.silhouette --order-by "
                     "'mean(metrics.silhouette) desc'",
                     "which k does best on average"},
                    {"mlctl groups --by state --by user", "who has how many runs in which state"},
                    {"mlctl groups segments --by params.k --measure duration -o json",
                     "how long runs took, as JSON"}},
       .details = "The figures are of all runs of a group: of the latest value of a metric, where\n"
                  "it is finite. -o wide also shows how many runs that are.",
       .handler = GroupRuns},
  };
}

}  // namespace cairn::cli
