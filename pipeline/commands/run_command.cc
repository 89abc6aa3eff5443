#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "lib/base/status_macros.h"
#include "pipeline/commands/commands.h"
#include "pipeline/commands/exit_code.h"
#include "pipeline/commands/note.h"
#include "pipeline/commands/progress.h"
#include "pipeline/commands/server_flags.h"
#include "pipeline/stages/run_record.h"
#include "pipeline/stages/runner.h"

namespace cairn::pipeline {
namespace {

constexpr size_t kLeaderboardRows = 12;

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
        published.versions.size(), flags.server.address);
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
  std::unique_ptr<Publisher> publisher;
  if (!flags.server.address.empty()) {
    CAIRN_ASSIGN_OR_RETURN(publisher,
                           ConnectPublisher(flags.server, request.config, flags.code_revision));
  }
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
