#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "client-cli/cli/command.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/cli/terminal.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/session.h"
#include "client-cli/mlflow_import/file_source.h"
#include "client-cli/mlflow_import/importer.h"
#include "client-cli/mlflow_import/rest_source.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

using mlflow_import::Counted;
using mlflow_import::Report;
using mlflow_import::Tally;

// Of what was left out on a terminal; --report has all.
constexpr size_t kMostLeftOutLines = 50;

// A line on the standard error that says how far an import is; nothing unless that is a terminal.
class ImportMeter {
 public:
  explicit ImportMeter(const Session& session)
      : live_(!session.flags().Switch("quiet") && session.terminal().stderr_is_tty) {}
  ~ImportMeter() { Wipe(); }
  ImportMeter(const ImportMeter&) = delete;
  ImportMeter& operator=(const ImportMeter&) = delete;

  void Show(const Report& report) {
    constexpr auto kPause = std::chrono::milliseconds(100);
    const auto now = std::chrono::steady_clock::now();
    if (!live_ || now - shown_ < kPause) return;
    shown_ = now;
    std::fprintf(stderr, "\r\x1b[K%s",
                 fmt::format("{} runs, {} metric points, {} files of {} read",
                             report.of(Counted::kRuns).source, report.of(Counted::kPoints).source,
                             report.of(Counted::kFiles).source,
                             HumanBytes(report.of(Counted::kBytes).source))
                     .c_str());
  }

 private:
  void Wipe() const {
    if (live_) std::fputs("\r\x1b[K", stderr);
  }

  const bool live_;
  std::chrono::steady_clock::time_point shown_;
};

mlflow_import::RestCredentials CredentialsOf(const Session& session) {
  const auto read = [&](const std::string& name) {
    return session.environment()(name).value_or("");
  };
  return {read(session.flags().Text("token-env")), read("MLFLOW_TRACKING_USERNAME"),
          read("MLFLOW_TRACKING_PASSWORD")};
}

absl::Status UnreadableStore(const std::string& text) {
  return UsageError(
      fmt::format("{} is read through a server: start `mlflow server --backend-store-uri {}` and "
                  "name its address, http://127.0.0.1:5000",
                  text, text));
}

absl::StatusOr<std::unique_ptr<mlflow_import::MlflowSource>> OpenSource(const Session& session,
                                                                        const std::string& text) {
  constexpr std::string_view kFile = "file://";
  if (text.starts_with("http://") || text.starts_with("https://")) {
    CAIRN_ASSIGN_OR_RETURN(auto address, mlflow_import::ParseRestAddress(text));
    return std::make_unique<mlflow_import::RestSource>(text, std::move(address),
                                                       CredentialsOf(session));
  }
  if (text.find("://") != std::string::npos && !text.starts_with(kFile)) {
    return UnreadableStore(text);
  }
  const std::string folder = text.starts_with(kFile) ? text.substr(kFile.size()) : text;
  std::error_code error;
  if (std::filesystem::is_regular_file(folder, error)) {
    return UnreadableStore("sqlite:///" + folder);
  }
  return mlflow_import::FileSource::Open(folder);
}

Table TableOf(const Report& report, bool dry_run) {
  Table table;
  table.columns = {{.title = "WHAT"}, {.title = "IN MLFLOW", .right = true}};
  if (!dry_run) {
    table.columns.push_back({.title = "IN CAIRN", .right = true});
    table.columns.push_back({.title = "DIFFERS", .right = true});
  }
  for (int i = 0; i < static_cast<int>(Counted::kEnd); ++i) {
    const auto what = static_cast<Counted>(i);
    const Tally& tally = report.of(what);
    const std::string name(mlflow_import::NameOf(what));
    Row row{.name = name, .id = name, .cells = {{name}, {std::to_string(tally.source)}}};
    if (!dry_run) {
      row.cells.emplace_back(std::to_string(tally.target));
      row.cells.emplace_back(std::to_string(tally.differs));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

void TellTheRest(Session& session, const Report& report, double seconds) {
  const size_t shown = std::min(report.left_out().size(), kMostLeftOutLines);
  for (size_t i = 0; i < shown; ++i) {
    const mlflow_import::LeftOut& thing = report.left_out()[i];
    session.Note(fmt::format("left out: {}: {}", thing.what, thing.why));
  }
  if (shown < report.left_out().size()) {
    session.Note(
        fmt::format("left out: {} more, all in --report FILE", report.left_out().size() - shown));
  }
  if (session.flags().Switch("quiet")) return;
  if (report.unread_runs > 0) {
    session.Note(
        fmt::format("note: {} runs were complete, and their points were not read again "
                    "(--recheck reads all)",
                    report.unread_runs));
  }
  for (const std::string& note : report.notes()) session.Note("note: " + note);
  session.Note(fmt::format(
      "{} runs and logged models, {} points and {} files of {} are new, in "
      "{:.1f} s",
      report.new_runs, report.new_points, report.new_files, HumanBytes(report.new_bytes), seconds));
}

absl::Status WriteReport(const Session& session, const Report& report) {
  const std::string file = session.flags().Text("report");
  if (file.empty()) return absl::OkStatus();
  return WriteFileAtomically(
      file, report.ToJson().dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

absl::StatusOr<int> ImportMlflow(Session& session, const Invocation& call) {
  const Settings& flags = session.flags();
  CAIRN_ASSIGN_OR_RETURN(const auto source, OpenSource(session, call.arguments[0]));
  mlflow_import::ImportOptions options;
  options.experiments = flags.List("experiment");
  options.dry_run = flags.Switch("dry-run");
  options.artifacts = !flags.Switch("no-artifacts");
  options.recheck = flags.Switch("recheck");
  client::Client* client = nullptr;
  if (!options.dry_run) {
    CAIRN_ASSIGN_OR_RETURN(client, session.Client());
    CAIRN_RETURN_IF_ERROR(client->Ping());
  }
  Report report;
  const auto began = std::chrono::steady_clock::now();
  absl::Status status;
  {
    ImportMeter meter(session);
    options.on_progress = [&](const Report& so_far) { meter.Show(so_far); };
    status = mlflow_import::Import(*source, client, options, report);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  CAIRN_RETURN_IF_ERROR(WriteReport(session, report));
  if (!status.ok()) {
    session.Note(fmt::format(
        "note: the import stopped after {} runs; run it again and it goes on from there",
        report.of(Counted::kRuns).source));
    return status;
  }
  google::protobuf::Struct message;
  if (session.wants_message()) {
    const auto parsed = google::protobuf::util::JsonStringToMessage(
        report.ToJson().dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), &message);
    if (!parsed.ok()) return absl::InternalError(parsed.ToString());
  }
  CAIRN_ASSIGN_OR_RETURN(const int code, session.Emit(message, TableOf(report, options.dry_run)));
  TellTheRest(session, report, took.count());
  if (code != kExitOk) return code;
  return report.IsComplete() ? kExitOk : kExitPartial;
}

}  // namespace

std::vector<Command> MigrationCommands() {
  return {
      {.path = "import mlflow",
       .family = "Operate",
       .summary = "Move everything of an MLflow installation here, and compare both sides",
       .arguments = {{"SOURCE", 1, 1, "file"}},
       .flags = {{.name = "experiment",
                  .letter = 'e',
                  .repeatable = true,
                  .value = "NAME",
                  .help = "only this experiment of MLflow, and no registered models"},
                 {.name = "no-artifacts",
                  .kind = FlagKind::kSwitch,
                  .help = "leave out files, and so registered models too"},
                 {.name = "recheck",
                  .kind = FlagKind::kSwitch,
                  .help = "read again what an earlier import has completed, and compare it"},
                 {.name = "report",
                  .kind = FlagKind::kPath,
                  .value = "FILE",
                  .help = "write all that was counted and left out as JSON"},
                 {.name = "token-env",
                  .value = "NAME",
                  .help = "the environment variable that holds MLflow's token",
                  .fallback = "MLFLOW_TRACKING_TOKEN"},
                 kDryRun},
       .examples = {{"mlctl import mlflow http://127.0.0.1:5000 --dry-run",
                     "what there is to move, counted"},
                    {"mlctl import mlflow http://127.0.0.1:5000 --report import.json",
                     "everything; again after a break, and it goes on"},
                    {"mlctl import mlflow mlruns -e churn --no-artifacts",
                     "the runs of one experiment of a folder, without their files"}},
       .details =
           "SOURCE is the address of a running MLflow server, 2 or 3, or a folder of its file\n"
           "store, such as mlruns. Experiments keep their names and are numbered anew; runs and\n"
           "logged models keep their ids, versions their numbers. Every point, parameter, tag,\n"
           "file, stage and alias comes over and is read back; what could not come is told with\n"
           "its reason, and the command then ends with 10. It can be run again at any time: what\n"
           "is here is kept, and nothing is there twice.\n"
           "\n"
           "A user and a password are taken from MLFLOW_TRACKING_USERNAME and\n"
           "MLFLOW_TRACKING_PASSWORD. There is no TLS to MLflow, and no redirection is\n"
           "followed. A database is read through a server:\n"
           "mlflow server --backend-store-uri sqlite:///mlflow.db. Of a folder nothing outside\n"
           "of it is read, and no link is followed.",
       .handler = ImportMlflow}};
}

}  // namespace cairn::cli
