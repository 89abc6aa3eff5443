#include "client-cli/commands/operations.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "cairn/v1/artifacts.pb.h"
#include "cairn/v1/evaluations.pb.h"
#include "cairn/v1/tracking.pb.h"
#include "client-cli/cli/command.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/cli/table.h"
#include "client-cli/cli/terminal.h"
#include "client-cli/commands/catalog.h"
#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "lib/client/operation_waiter.h"
#include "lib/client/paging.h"

namespace cairn::cli {
namespace {

using google::longrunning::Operation;

std::string FullOperationName(const std::string& text) {
  return text.rfind("operations/", 0) == 0 ? text : "operations/" + text;
}

std::string OperationId(const Operation& operation) {
  return operation.name().substr(operation.name().rfind('/') + 1);
}

// What can be said of an operation of any kind.
struct OperationView {
  std::string kind;      // "purge runs"
  std::string progress;  // "12 of 40 runs, 1 left as it was"; empty for an unknown kind
  int64_t skipped = 0;
  std::vector<std::string> damaged;  // blobs, for the end of a scrub
  int64_t damaged_count = 0;
  google::protobuf::Timestamp create_time;
  google::protobuf::Timestamp end_time;
};

std::string ChangeName(v1::BulkChangeRunsRequest::Change change) {
  switch (change) {
    case v1::BulkChangeRunsRequest::DELETE:
      return "delete runs";
    case v1::BulkChangeRunsRequest::UNDELETE:
      return "restore runs";
    case v1::BulkChangeRunsRequest::PURGE:
      return "purge runs";
    default:
      return "change runs";
  }
}

// Fills in the words for a collection, or for what it would do.
void ViewCollection(const v1::CollectGarbageMetadata& metadata, OperationView& view) {
  view.kind = metadata.dry_run() ? "collect garbage, dry run" : "collect garbage";
  view.progress = fmt::format(
      "{} of {} blobs {}, {}", metadata.removed_blob_count(), metadata.examined_blob_count(),
      metadata.dry_run() ? "would be removed" : "removed", HumanBytes(metadata.removed_bytes()));
  if (metadata.leased_blob_count() > 0) {
    view.progress += fmt::format("; {} kept for their lease", metadata.leased_blob_count());
  }
  if (metadata.rewritten_pack_count() > 0) {
    view.progress +=
        fmt::format("; {} packs written anew, {} freed", metadata.rewritten_pack_count(),
                    HumanBytes(metadata.freed_bytes()));
  }
  view.create_time = metadata.create_time();
  view.end_time = metadata.end_time();
}

void ViewScrub(const v1::ScrubBlobsMetadata& metadata, OperationView& view) {
  view.kind = "scrub blobs";
  view.damaged_count = metadata.damaged_blob_count();
  view.progress = fmt::format(
      "{} blobs, {} read, {} damaged", metadata.blob_count(), HumanBytes(metadata.blob_bytes()),
      view.damaged_count == 0 ? "none" : std::to_string(view.damaged_count));
  for (const v1::BlobDigest& digest : metadata.damaged()) {
    view.damaged.push_back(
        fmt::format("damaged: sha256:{} ({} bytes)", digest.sha256(), digest.size_bytes()));
  }
  view.create_time = metadata.create_time();
  view.end_time = metadata.end_time();
}

OperationView ViewOf(const Operation& operation) {
  OperationView view;
  v1::CollectGarbageMetadata collection;
  v1::ScrubBlobsMetadata scrub;
  v1::BulkChangeRunsMetadata bulk;
  v1::PurgeExperimentMetadata purge;
  v1::EvaluateModelVersionMetadata evaluation;
  if (operation.metadata().UnpackTo(&bulk)) {
    view.kind = ChangeName(bulk.request().change());
    view.progress = fmt::format("{} of {} runs", bulk.changed_run_count(), bulk.run_count());
    view.skipped = bulk.skipped_run_count();
    if (view.skipped > 0) view.progress += fmt::format(", {} left as they were", view.skipped);
    view.create_time = bulk.create_time();
    view.end_time = bulk.end_time();
  } else if (operation.metadata().UnpackTo(&purge)) {
    view.kind = "purge " + purge.experiment();
    view.progress = fmt::format("{} of {} runs", purge.purged_run_count(), purge.run_count());
    view.create_time = purge.create_time();
    view.end_time = purge.end_time();
  } else if (operation.metadata().UnpackTo(&evaluation)) {
    view.kind = "evaluate " + evaluation.request().name();
    view.progress = fmt::format("{} of {} evaluations", evaluation.done_evaluation_count(),
                                evaluation.evaluation_count());
    view.create_time = evaluation.create_time();
    view.end_time = evaluation.end_time();
  } else if (operation.metadata().UnpackTo(&collection)) {
    ViewCollection(collection, view);
  } else if (operation.metadata().UnpackTo(&scrub)) {
    ViewScrub(scrub, view);
  } else {
    const std::string& url = operation.metadata().type_url();
    view.kind = url.substr(url.rfind('.') + 1);
  }
  return view;
}

std::string OperationState(const Operation& operation) {
  if (!operation.done()) return "running";
  if (!operation.has_error()) return "done";
  const bool cancelled = operation.error().code() == static_cast<int>(absl::StatusCode::kCancelled);
  return cancelled ? "cancelled" : "failed";
}

// Shows how far the operation is: in one line that changes on a terminal, elsewhere in a
// line each 10 s and at the end.
class OperationProgress {
 public:
  explicit OperationProgress(Session& session) : session_(session) {}

  void Update(const Operation& operation) {
    const std::string progress = ViewOf(operation).progress;
    if (progress.empty() || session_.flags().Switch("quiet")) return;
    if (session_.terminal().stderr_is_tty) {
      std::fprintf(stderr, "\r\x1b[K%s%s", progress.c_str(), operation.done() ? "\n" : "");
      return;
    }
    const auto now = std::chrono::steady_clock::now();
    if (!operation.done() && now - last_ < std::chrono::seconds(10)) return;
    last_ = now;
    session_.Note(progress);
  }

 private:
  Session& session_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace

absl::StatusOr<Operation> WaitUntilDone(Session& session, const Operation& operation) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  client::WaitOptions options;
  if (session.flags().IsGiven("patience")) {
    CAIRN_ASSIGN_OR_RETURN(const int64_t millis,
                           ParseDurationMillis(session.flags().Text("patience")));
    options.at_most = std::chrono::milliseconds(millis);
  }
  OperationProgress progress(session);
  options.on_progress = [&progress](const Operation& seen) { progress.Update(seen); };
  auto done = client::AwaitOperation(client->operations(), operation, options);
  const absl::StatusCode code = done.status().code();
  if (!done.ok() && code != absl::StatusCode::kNotFound) {
    session.Note(fmt::format("the operation goes on: `mlctl wait operation {}` waits for it",
                             OperationId(operation)));
  }
  return done;
}

namespace {

absl::StatusOr<int> PrintOperation(Session& session, const Operation& operation) {
  const OperationView view = ViewOf(operation);
  if (OperationState(operation) == "cancelled") {
    session.Note(fmt::format("{} was cancelled: {}", operation.name(), view.progress));
    return kExitPartial;
  }
  if (operation.has_error()) return client::OperationError(operation);
  std::string text = fmt::format("{} {}", operation.name(), OperationState(operation));
  if (operation.done() && !view.progress.empty()) text += ": " + view.progress;
  text += '\n';
  if (operation.done()) {
    for (const std::string& line : view.damaged) text += line + '\n';
  }
  CAIRN_RETURN_IF_ERROR(
      session.EmitText(operation, text, operation.name(), OperationId(operation)).status());
  if (operation.done() && view.damaged_count > 0) return kExitIntegrity;
  return operation.done() && view.skipped > 0 ? kExitPartial : kExitOk;
}

absl::StatusOr<Operation> ReadOperation(Session& session, const std::string& name) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  google::longrunning::GetOperationRequest request;
  request.set_name(FullOperationName(name));
  return client->operations().GetOperation(std::move(request));
}

Table OperationTable(const Session& session,
                     const google::longrunning::ListOperationsResponse& list) {
  Table table;
  table.columns = {{.title = "OPERATION", .id = true},
                   {"KIND"},
                   {"STATE"},
                   {"PROGRESS"},
                   {"CREATED"},
                   {"ENDED"},
                   {"ERROR", true}};
  for (const Operation& operation : list.operations()) {
    const OperationView view = ViewOf(operation);
    const auto time = [&session](const google::protobuf::Timestamp& at) {
      return session.TimeCell(at, at.seconds() != 0);
    };
    table.rows.push_back(
        {operation.name(),
         OperationId(operation),
         {Cell(OperationId(operation)), Cell(view.kind), Cell(OperationState(operation)),
          Cell(view.progress), time(view.create_time), time(view.end_time),
          Cell(operation.error().message())}});
  }
  return table;
}

absl::StatusOr<int> GetOperation(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(const Operation operation, ReadOperation(session, call.arguments[0]));
  google::longrunning::ListOperationsResponse list;
  *list.add_operations() = operation;
  return session.Emit(operation, OperationTable(session, list));
}

absl::StatusOr<int> ListOperations(Session& session, const Invocation&) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  const bool everything = session.flags().Switch("all");
  const auto limit = static_cast<int>(session.flags().Integer("limit"));
  google::longrunning::ListOperationsResponse all;
  google::longrunning::ListOperationsRequest request;
  request.set_name("operations");
  bool more = false;
  CAIRN_RETURN_IF_ERROR(client::ForEachPage(
      request, [&](const auto& page) { return client->operations().ListOperations(page); },
      [&](google::longrunning::ListOperationsResponse& page) {
        more = !page.next_page_token().empty();
        all.MergeFrom(page);
        return everything || all.operations_size() < limit;
      }));
  while (!everything && all.operations_size() > limit) {
    all.mutable_operations()->RemoveLast();
    more = true;
  }
  if (!more) all.clear_next_page_token();
  if (more) session.ThereIsMore();
  if (all.operations().empty()) {
    session.Hint("no operation is kept; `mlctl purge runs` begins one");
  }
  return session.Emit(all, OperationTable(session, all));
}

absl::StatusOr<int> WaitOperation(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(Operation operation, ReadOperation(session, call.arguments[0]));
  CAIRN_ASSIGN_OR_RETURN(operation, WaitUntilDone(session, operation));
  return PrintOperation(session, operation);
}

absl::StatusOr<int> CancelOperation(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const Operation before, ReadOperation(session, call.arguments[0]));
  if (session.flags().Switch("dry-run")) {
    session.Note(before.done() ? fmt::format("{} is done already", before.name())
                               : fmt::format("would cancel {}", before.name()));
    return session.EmitText(before, "", before.name(), OperationId(before));
  }
  google::longrunning::CancelOperationRequest request;
  request.set_name(before.name());
  CAIRN_RETURN_IF_ERROR(client->operations().CancelOperation(std::move(request)).status());
  CAIRN_ASSIGN_OR_RETURN(const Operation after, ReadOperation(session, before.name()));
  return session.EmitText(after, fmt::format("{} {}\n", after.name(), OperationState(after)),
                          after.name(), OperationId(after));
}

absl::StatusOr<int> Follow(Session& session, Operation operation, bool wait) {
  if (wait) {
    CAIRN_ASSIGN_OR_RETURN(operation, WaitUntilDone(session, operation));
  } else if (!operation.done()) {
    session.Hint(
        fmt::format("`mlctl wait operation {}` waits until it is done", OperationId(operation)));
  }
  return PrintOperation(session, operation);
}

}  // namespace

absl::StatusOr<int> FollowOperation(Session& session, Operation operation) {
  return Follow(session, std::move(operation), session.flags().Switch("wait"));
}

absl::StatusOr<int> AwaitOperation(Session& session, Operation operation) {
  return Follow(session, std::move(operation), !session.flags().Switch("background"));
}

std::vector<Command> OperationCommands() {
  return {
      {.path = "get operation",
       .family = "Operate",
       .summary = "Show a long-running operation and how far it is",
       .arguments = {{"OPERATION", 1, 1, "operation"}},
       .flags = {},
       .examples = {{"mlctl get operation operations/018bcfe56800", "by name"},
                    {"mlctl get operation 018bcfe56800 -o json", "by id, the whole resource"},
                    {"mlctl list operations", "those there are"}},
       .handler = GetOperation},
      {.path = "list operations",
       .family = "Operate",
       .summary = "List long-running operations, oldest first",
       .arguments = {},
       .flags = {kLimit, kAll},
       .examples = {{"mlctl list operations", "finished ones are kept for 30 days"},
                    {"mlctl list operations -o json", "with their metadata"},
                    {"mlctl list operations -q", "ids only"}},
       .handler = ListOperations},
      {.path = "get operations",
       .family = "Operate",
       .summary = "List long-running operations, as `list operations` does",
       .arguments = {},
       .flags = {kLimit, kAll},
       .examples = {{"mlctl get operations", "with their progress"},
                    {"mlctl get operations -o jsonl", "one for each line"},
                    {"mlctl get operations --sort-by state", "sorted"}},
       .handler = ListOperations},
      {.path = "wait operation",
       .family = "Operate",
       .summary = "Wait until a long-running operation is done",
       .arguments = {{"OPERATION", 1, 1, "operation"}},
       .flags = {kPatience},
       .examples = {{"mlctl wait operation 018bcfe56800", "with its progress"},
                    {"mlctl wait operation 018bcfe56800 --patience 5m", "ends with 8 after that"},
                    {"mlctl wait operation $(mlctl purge runs -e scratch --yes -q)",
                     "begin now, then wait"}},
       .details =
           "Ends with the code of the operation's error, with 10 when it was cancelled or left\n"
           "some things as they were, and with 9 when a scrub found damage. Ctrl-C ends the\n"
           "waiting; the operation goes on.",
       .handler = WaitOperation},
      {.path = "cancel operation",
       .family = "Operate",
       .summary = "Cancel a long-running operation; what it did stays",
       .arguments = {{"OPERATION", 1, 1, "operation"}},
       .flags = {kDryRun},
       .examples = {{"mlctl cancel operation 018bcfe56800", "by id"},
                    {"mlctl cancel operation operations/018bcfe56800", "by name"},
                    {"mlctl list operations", "see what runs"}},
       .handler = CancelOperation},
  };
}

}  // namespace cairn::cli
