#include <utility>

#include "client-cli/cli/command.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/cli/proto_text.h"
#include "client-cli/commands/as_of.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/describe_dataset.h"
#include "client-cli/commands/describe_run.h"
#include "client-cli/commands/nouns.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

using google::protobuf::Message;

// A list response that holds just these resources.
AnyMessage Wrap(const Noun& noun, const std::vector<AnyMessage>& items) {
  AnyMessage list(noun.list_prototype().New());
  const auto* element = list->GetDescriptor()->FindFieldByNumber(1)->message_type();
  if (items.front()->GetDescriptor() != element) {
    // A data set version asked for among data sets, or among model versions.
    list.reset(v1::ListDatasetVersionsResponse::default_instance().New());
  }
  const auto* field = list->GetDescriptor()->FindFieldByNumber(1);
  for (const AnyMessage& item : items) {
    if (item->GetDescriptor() != field->message_type()) continue;
    list->GetReflection()->AddMessage(list.get(), field)->CopyFrom(*item);
  }
  return list;
}

absl::StatusOr<int> ShowList(Session& session, const Noun& noun, const std::string& parent) {
  CAIRN_ASSIGN_OR_RETURN(const AnyMessage list, noun.list(session, parent));
  const auto* field = list->GetDescriptor()->FindFieldByNumber(1);
  const bool empty = list->GetReflection()->FieldSize(*list, field) == 0;
  if (empty) session.Hint(noun.when_empty);
  Table rows;
  if (!session.wants_message() && !empty) rows = noun.table(session, *list);
  return session.Emit(*list, rows);
}

// Refuses --as-of for what is not kept as it was: it must not be answered with what is there now.
absl::Status CheckAsOf(const Session& session, const Noun& noun, bool lists) {
  if (session.flags().Text("as-of").empty()) return absl::OkStatus();
  const std::string_view name = noun.names[0];
  const bool kept =
      lists ? name == "decision" : name == "channel" || name == "policy" || name == "version";
  if (kept) return absl::OkStatus();
  return UsageError(
      "--as-of is for `get channel`, `get policy`, `get version` of a model, and "
      "`list decisions`");
}

absl::StatusOr<int> List(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(const Noun* noun, FindNoun(call.arguments[0]));
  CAIRN_RETURN_IF_ERROR(CheckAsOf(session, *noun, /*lists=*/true));
  return ShowList(session, *noun, call.arguments.size() > 1 ? call.arguments[1] : "");
}

void NoteIfDeleted(Session& session, const Noun& noun, const Message& item) {
  const auto* deleted = item.GetDescriptor()->FindFieldByName("delete_time");
  const auto* name = item.GetDescriptor()->FindFieldByName("name");
  if (deleted == nullptr || !item.GetReflection()->HasField(item, deleted)) return;
  NoteDeleted(session, noun.names[0], item.GetReflection()->GetString(item, name));
}

absl::StatusOr<std::vector<AnyMessage>> GetAll(Session& session, const Noun& noun,
                                               const std::vector<std::string>& arguments) {
  std::vector<AnyMessage> items;
  for (size_t i = 1; i < arguments.size(); ++i) {
    CAIRN_ASSIGN_OR_RETURN(AnyMessage item, noun.get(session, arguments[i]));
    NoteIfDeleted(session, noun, *item);
    items.push_back(std::move(item));
  }
  return items;
}

absl::StatusOr<int> Get(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(const Noun* noun, FindNoun(call.arguments[0]));
  const bool lists = call.arguments.size() == 1 ||
                     (call.arguments.size() == 2 &&
                      (noun->get == nullptr || noun->names_parent(call.arguments[1])));
  CAIRN_RETURN_IF_ERROR(CheckAsOf(session, *noun, lists));
  if (lists) return ShowList(session, *noun, call.arguments.size() == 1 ? "" : call.arguments[1]);
  if (noun->get == nullptr) return UsageError("name one thing at a time");
  CAIRN_ASSIGN_OR_RETURN(const auto items, GetAll(session, *noun, call.arguments));
  const AnyMessage list = Wrap(*noun, items);
  Table rows;
  if (!session.wants_message()) rows = noun->table(session, *list);
  return session.Emit(items.size() == 1 ? *items.front() : *list, rows);
}

// Whether there is a description of such things for people; the others are shown as YAML.
bool HasDescription(const AnyMessage& item) {
  return dynamic_cast<const v1::Run*>(item.get()) != nullptr ||
         dynamic_cast<const v1::Dataset*>(item.get()) != nullptr ||
         dynamic_cast<const v1::DatasetVersion*>(item.get()) != nullptr;
}

absl::StatusOr<int> DescribeOne(Session& session, const AnyMessage& item) {
  if (session.wants_message()) return session.EmitText(*item, "", "", "");
  if (const auto* run = dynamic_cast<const v1::Run*>(item.get())) {
    return DescribeRun(session, *run);
  }
  if (const auto* dataset = dynamic_cast<const v1::Dataset*>(item.get())) {
    return DescribeDataset(session, *dataset);
  }
  if (const auto* data = dynamic_cast<const v1::DatasetVersion*>(item.get())) {
    return DescribeDatasetVersion(session, *data);
  }
  session.Print(ToYaml(*item));
  return kExitOk;
}

absl::StatusOr<int> Describe(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(const Noun* noun, FindNoun(call.arguments[0]));
  if (noun->get == nullptr) return ShowList(session, *noun, call.arguments[1]);
  CAIRN_ASSIGN_OR_RETURN(const auto items, GetAll(session, *noun, call.arguments));
  const std::string format = session.format();
  if (format == "name" || format == "id") {
    const AnyMessage list = Wrap(*noun, items);
    return session.Emit(*list, noun->table(session, *list));
  }
  // Those formats have one table, not one for each thing.
  if (format == "csv" || format == "md") {
    return session.EmitText(items.size() == 1 ? *items.front() : *Wrap(*noun, items), "", "", "");
  }
  const bool json = session.wants_message() && format != "yaml";
  for (size_t i = 0; i < items.size(); ++i) {
    const bool yaml = format == "yaml" || !HasDescription(items[i]);
    if (i > 0 && !json) session.Print(yaml ? "---\n" : "\n");
    CAIRN_RETURN_IF_ERROR(DescribeOne(session, items[i]).status());
  }
  return kExitOk;
}

absl::StatusOr<int> Search(Session& session, const Invocation&) {
  CAIRN_ASSIGN_OR_RETURN(const AnyMessage found, SearchRuns(session));
  CAIRN_ASSIGN_OR_RETURN(const Noun* noun, FindNoun("runs"));
  const auto& list = static_cast<const v1::SearchRunsResponse&>(*found);
  if (list.runs().empty()) {
    session.Hint(session.flags().Text("filter").empty() ? noun->when_empty
                                                        : "no run matches the filter");
  }
  if (session.flags().Switch("count")) {
    session.Note(fmt::format("{} runs in all", list.total_size()));
  }
  Table rows;
  if (!session.wants_message() && !list.runs().empty()) rows = noun->table(session, *found);
  return session.Emit(*found, rows);
}

}  // namespace

std::vector<Command> LookCommands() {
  const std::vector<Flag> list_flags = {kLimit,  kAll,     kExperiments,
                                        kFilter, kOrderBy, kShowDeleted};
  std::vector<Flag> past_flags = list_flags;
  past_flags.push_back(kAsOf);
  return {
      {.path = "get",
       .family = "Look",
       .summary = "Show one thing or several, or list all of a kind",
       .arguments = {{"NOUN", 1, 1, "noun"}, {"REFERENCE", 0, -1, "of-noun"}},
       .flags = past_flags,
       .examples = {{"mlctl get runs", "the newest runs of all experiments"},
                    {"mlctl get version customer-segments#production -o json",
                     "the version that is live, as JSON"},
                    {"mlctl get dataset retail", "one data set"}},
       .details = "Nouns: experiment, run, dataset, model, version, channel, alias, policy, "
                  "decision, artifact.\nSee mlctl help references for how to name things.\n"
                  "--as-of shows a channel, a policy or a version of a model as it was.",
       .handler = Get},
      {.path = "list",
       .family = "Look",
       .summary = "List things of a kind",
       .arguments = {{"NOUN", 1, 1, "noun"}, {"PARENT", 0, 1, "model"}},
       .flags = past_flags,
       .examples = {{"mlctl list runs --experiment segments --all", "every run of an experiment"},
                    {"mlctl list versions customer-segments", "the versions of a model"},
                    {"mlctl list versions dataset:retail -o csv", "those of a data set, as CSV"}},
       .details = "versions, aliases and decisions are listed below a PARENT: a model,\n"
                  "dataset:NAME, or MODEL#CHANNEL. artifacts takes a run or a version, candidates\n"
                  "a decision. --as-of lists the decisions that were made by then.",
       .handler = List},
      {.path = "describe",
       .family = "Look",
       .summary = "Show everything about a thing",
       .arguments = {{"NOUN", 1, 1, "noun"}, {"REFERENCE", 1, -1, "of-noun"}},
       .flags = list_flags,
       .examples = {{"mlctl describe run 9f3c", "a run, by the beginning of its id"},
                    {"mlctl describe version customer-segments@3",
                     "a version; `list evaluations` has what was measured"},
                    {"mlctl describe dataset retail@3", "its columns with small histograms"}},
       .details =
           "A run comes with the shape of each metric, its lease and the runs nested in it;\n"
           "a data set version with type, missing and different values, the least, mean and\n"
           "greatest value and the shape of each column.\n"
           "On a terminal long lists end after 20 lines: --all, --limit N or -o json.",
       .handler = Describe},
      {.path = "search runs",
       .family = "Look",
       .summary = "Find runs by filter and order, across experiments",
       .arguments = {},
       .flags = {kFilter,
                 kOrderBy,
                 kLimit,
                 kAll,
                 kExperiments,
                 kShowDeleted,
                 {.name = "skip",
                  .kind = FlagKind::kInteger,
                  .value = "N",
                  .help = "how many runs to pass over first",
                  .fallback = "0",
                  .least = 0},
                 {.name = "count",
                  .kind = FlagKind::kSwitch,
                  .help = "also say how many runs there are in all"}},
       .examples = {{"mlctl search runs --filter 'metrics.silhouette > 0.3 AND params.k = \"4\"'",
                     "runs that match"},
                    {"mlctl search runs --order-by 'metrics.davies_bouldin' --limit 10 --count",
                     "a leaderboard, and how many runs there are; --skip 10 goes on behind it"},
                    {"mlctl search runs --filter 'state = FAILED' -o json --all",
                     "for a script, all pages in one answer"}},
       .handler = Search},
  };
}

}  // namespace cairn::cli
