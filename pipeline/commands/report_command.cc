#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "lib/command_line/caller_flags.h"
#include "pipeline/commands/exit_code.h"
#include "pipeline/commands/flag_rows.h"
#include "pipeline/commands/insight_commands.h"
#include "pipeline/commands/note.h"
#include "pipeline/commands/server_flags.h"
#include "pipeline/commands/stored_results.h"
#include "pipeline/data/table_csv.h"
#include "pipeline/report/html_report.h"
#include "pipeline/report/png_files.h"
#include "pipeline/report/report_json.h"
#include "pipeline/stages/output_folder.h"

namespace cairn::pipeline {
namespace {

using command_line::Settings;

absl::StatusOr<ReportData> ReadStored(const Settings& settings, const std::string& place) {
  const ServerFlags server = ServerFlagsOf(settings);
  CAIRN_ASSIGN_OR_RETURN(const StoredResult stored, ReadStoredResult(place, "report.json", server));
  CAIRN_ASSIGN_OR_RETURN(ReportData report, ParseReportJson(stored.bytes));
  if (!stored.run.empty()) report.run = stored.run;
  if (!stored.version.empty()) report.version = stored.version;
  return report;
}

absl::Status WriteCharts(const std::string& directory, bool png,
                         const std::vector<ChartFile>& charts) {
  OutputFolder folder(directory);
  CAIRN_RETURN_IF_ERROR(folder.Prepare());
  for (const ChartFile& chart : charts) folder.Write(chart.name + ".svg", chart.svg);
  CAIRN_RETURN_IF_ERROR(folder.Wait());
  if (png) CAIRN_RETURN_IF_ERROR(WritePngs(charts, directory));
  fmt::print("{} charts written to {}{}\n", charts.size(), directory,
             png ? ", as SVG and PNG" : "");
  return absl::OkStatus();
}

absl::Status Report(const Settings& settings, const std::string& place) {
  CAIRN_ASSIGN_OR_RETURN(const ReportData report, ReadStored(settings, place));
  const std::vector<ChartFile> charts = DrawCharts(report);
  const std::string out = settings.Text("out");
  CAIRN_RETURN_IF_ERROR(WriteOutputFile(out, RenderReport(report, charts)));
  fmt::print("written to {}\n", out);
  if (!settings.IsGiven("charts")) {
    if (!settings.Switch("png")) return absl::OkStatus();
    return InvalidField(ErrorReason::FIELD_REQUIRED, "charts", "",
                        "say with --charts DIR where the PNGs go")
        .ToStatus();
  }
  return WriteCharts(settings.Text("charts"), settings.Switch("png"), charts);
}

}  // namespace

command_line::Command ReportRow() {
  command_line::Flag out = PathFlag("out", "FILE", "the page to write", kResultsSection);
  out.fallback = "report.html";
  command_line::Command row = CommandRow(
      "report", "Draw the report of a run from what it stored",
      JoinedFlags(
          {{out, PathFlag("charts", "DIR", "a folder for every chart as SVG", kResultsSection),
            SwitchFlag("png", "also each chart as PNG, in the folder of --charts", kResultsSection),
            ServerFlag("the Cairn server that has the run"), PrincipalFlag()},
           command_line::CallerFlags(kServerSection)}),
      {{"cairn-pipeline report customer-segments --server 127.0.0.1:50051",
        "of the run behind the model in production"},
       {"cairn-pipeline report results --charts charts --png", "of a folder of results"}});
  row.arguments = {{.name = "RUN"}};
  row.details =
      "RUN is a run (experiments/1/runs/ID), a model as for predict (NAME, NAME#CHANNEL,\n"
      "NAME@VERSION), whose run is taken, or a folder that `run --out` wrote.";
  return row;
}

int ReportCommand(const Settings& settings, const std::string& place) {
  const absl::Status status = Report(settings, place);
  return status.ok() ? kExitOk : ReportError(status);
}

}  // namespace cairn::pipeline
