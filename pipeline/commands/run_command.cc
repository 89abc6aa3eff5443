#include <unistd.h>

#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "lib/base/status_macros.h"
#include "lib/client/token_file.h"
#include "pipeline/commands/commands.h"
#include "pipeline/commands/exit_code.h"
#include "pipeline/commands/note.h"
#include "pipeline/register/server_publisher.h"
#include "pipeline/stages/run_record.h"
#include "pipeline/stages/runner.h"

namespace cairn::pipeline {
namespace {

constexpr size_t kLeaderboardRows = 12;

// 541909 → "541,909".
std::string Grouped(int64_t value) {
  std::string digits = std::to_string(value);
  for (int place = static_cast<int>(digits.size()) - 3; place > (value < 0 ? 1 : 0); place -= 3) {
    digits.insert(static_cast<size_t>(place), ",");
  }
  return digits;
}

// Progress of stages and of the sweep on stderr. On a terminal the sweep has one line that moves;
// elsewhere a line for each quarter.
class Progress {
 public:
  RunObserver Observer() {
    return {[this](const StageRecord& record) { Stage(record); },
            [this](size_t done, size_t total) { Sweep(done, total); },
            [this](const std::string& line) {
              ClearLine();
              Note("{}\n", line);
            }};
  }

 private:
  void Stage(const StageRecord& record) {
    ClearLine();
    Note("{:<21}{:>9} → {:>9} rows  {:>7.3f} s{}", record.name, Grouped(record.rows_in),
         Grouped(record.rows_out), record.seconds, record.cached ? "  (cached)" : "");
    for (const auto& [name, count] : record.counts) {
      Note("  {}={}", name, Grouped(count));
    }
    Note("\n");
  }

  void Sweep(size_t done, size_t total) {
    if (terminal_) {
      Note("\r  {} of {} training runs", done, total);
      moving_ = true;
    } else if (total >= 4 && done % ((total + 3) / 4) == 0) {
      Note("  {} of {} training runs\n", done, total);
    }
  }

  void ClearLine() {
    if (moving_) Note("\r\033[K");
    moving_ = false;
  }

  const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  bool moving_ = false;
};

absl::StatusOr<std::unique_ptr<Publisher>> ConnectPublisher(const RunFlags& flags,
                                                            const PipelineConfig& config) {
  if (flags.server.empty()) return nullptr;
  ServerPublisher::Options options;
  options.connect.address = flags.server;
  options.connect.principal = flags.principal;
  if (!flags.token_file.empty()) {
    CAIRN_ASSIGN_OR_RETURN(options.connect.token, client::ReadTokenFile(flags.token_file));
  }
  CAIRN_ASSIGN_OR_RETURN(options.connect.tls, client::ReadClientTls(flags.tls));
  options.names = config.registration;
  options.code_revision =
      flags.code_revision.empty() ? "cairn-pipeline " CAIRN_VERSION : flags.code_revision;
  CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<Publisher> publisher,
                         ServerPublisher::Connect(std::move(options)));
  return publisher;
}

void PrintResult(const RunFlags& flags, const RunOutcome& outcome) {
  if (!outcome.selected) return;
  Note("\n{}\n", SelectionTable(outcome.runs, outcome.selection));
  fmt::print("{}\n", LeaderboardTable(outcome.runs, kLeaderboardRows));
  fmt::print("chosen: {}\n", outcome.selection.reason);
  if (!outcome.published.runs.empty()) {
    const PublishSummary& published = outcome.published;
    fmt::print(
        "registered: {} runs ({} new, {} found from an earlier attempt), {} model versions "
        "on {}\n",
        published.runs_created + published.runs_found, published.runs_created, published.runs_found,
        published.versions.size(), flags.server);
    for (size_t i = 0; i < published.versions.size(); ++i) {
      const TrainingRun& run = outcome.runs[outcome.selection.versions[i]];
      fmt::print("  {}  k={}  silhouette of all customers {:.4f}  smallest segment {:.2f} %\n",
                 published.versions[i], run.point.k, run.everyone.silhouette,
                 100 * run.everyone.min_cluster_share);
    }
  }
  if (!flags.out.empty()) fmt::print("written to {}\n", flags.out);
}

absl::Status Run(const RunFlags& flags) {
  RunRequest request;
  CAIRN_ASSIGN_OR_RETURN(request.config, ConfigFromFlags(flags));
  request.data = flags.data;
  request.out = flags.out;
  request.from = flags.from;
  request.only = flags.only;
  request.force = flags.force;
  CAIRN_ASSIGN_OR_RETURN(const auto publisher, ConnectPublisher(flags, request.config));
  Progress progress;
  CAIRN_ASSIGN_OR_RETURN(const RunOutcome outcome,
                         RunPipeline(request, progress.Observer(), publisher.get()));
  PrintResult(flags, outcome);
  return absl::OkStatus();
}

}  // namespace

int RunCommand(const RunFlags& flags, const std::string& resume) {
  const absl::Status status = Run(flags);
  return status.ok() ? kExitOk : ReportError(status, resume);
}

}  // namespace cairn::pipeline
