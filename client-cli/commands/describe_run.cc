#include "client-cli/commands/describe_run.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client-cli/cli/exit_code.h"
#include "client-cli/cli/reference.h"
#include "client-cli/cli/sparkline.h"
#include "client-cli/cli/table.h"
#include "client-cli/commands/description_printer.h"
#include "client-cli/commands/tables.h"
#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/status_macros.h"
#include "lib/client/paging.h"
#include "lib/client/parallel_calls.h"

namespace cairn::cli {
namespace {

constexpr int kShapeWidth = 32;
constexpr int kReaders = 8;

Cell LeaseCell(const v1::Run& run) {
  if (!run.has_lease_duration()) return Cell("the server's default");
  const double seconds = static_cast<double>(run.lease_duration().seconds()) +
                         (static_cast<double>(run.lease_duration().nanos()) / 1e9);
  if (seconds == 0) return Cell("never ends");
  return Cell(fmt::format("{}s", ShortestDouble(seconds)));
}

std::string StateLine(const v1::Run& run) {
  const std::string state = StateText(v1::Run::State_Name(run.state()));
  return run.state_message().empty() ? state : fmt::format("{}: {}", state, run.state_message());
}

void PrintHead(Session& session, DescriptionPrinter& printer, const v1::Run& run) {
  printer.Line("Run", Cell(run.uid()));
  printer.Line("Name", Cell(run.display_name()));
  printer.Line("Resource", Cell(run.name()));
  printer.Line("State", Cell(StateLine(run)));
  printer.Line("Started", session.TimeCell(run.start_time(), run.has_start_time()));
  printer.Line("Ended", session.TimeCell(run.end_time(), run.has_end_time()));
  printer.Line("Deleted", session.TimeCell(run.delete_time(), run.has_delete_time()));
  printer.Line("User", Cell(run.user()));
  printer.Line("Nested in", Cell(run.parent_run()));
  printer.Line("Lease", LeaseCell(run));
}

absl::Status PrintInputs(DescriptionPrinter& printer, const v1::Run& run) {
  Table table;
  table.columns = {{.title = "DATASET", .id = true}, {"CONTEXT"}, {"SHA256"}};
  const auto count = static_cast<size_t>(run.inputs_size());
  for (size_t i = 0; i < printer.Shown(count); ++i) {
    const v1::RunInput& input = run.inputs(static_cast<int>(i));
    table.rows.push_back(
        {input.dataset_version(),
         input.dataset_version(),
         {Cell(input.dataset_version(), ShortName(input.dataset_version())), Cell(input.context()),
          Cell(input.sha256(), input.sha256().substr(0, 12))}});
  }
  return printer.List("Inputs", count, std::move(table));
}

absl::Status PrintOutputs(DescriptionPrinter& printer, const v1::Run& run) {
  Table table;
  table.columns = {{.title = "RESOURCE", .id = true}, {"STEP", false, true}};
  const auto count = static_cast<size_t>(run.outputs_size());
  for (size_t i = 0; i < printer.Shown(count); ++i) {
    const v1::RunOutput& output = run.outputs(static_cast<int>(i));
    table.rows.push_back({output.resource(),
                          output.resource(),
                          {Cell(output.resource(), ShortName(output.resource())),
                           Cell(std::to_string(output.step()))}});
  }
  return printer.List("Outputs", count, std::move(table));
}

// The shape of a metric as a line of characters.
absl::StatusOr<std::string> ShapeOf(Session& session, client::Client& client, const v1::Run& run,
                                    const std::string& key) {
  v1::ReadMetricsRequest request;
  request.set_run(run.name());
  request.set_key(key);
  request.set_max_buckets(kShapeWidth);
  CAIRN_ASSIGN_OR_RETURN(const auto buckets, client.tracking().ReadMetricBuckets(request));
  std::vector<std::optional<double>> means;
  for (const v1::MetricBucket& bucket : buckets) {
    means.emplace_back();
    if (bucket.has_mean_value()) means.back() = bucket.mean_value();
  }
  return Sparkline(means, session.terminal().unicode);
}

absl::Status PrintMetrics(Session& session, DescriptionPrinter& printer, const v1::Run& run) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  const auto count = static_cast<size_t>(run.metrics_size());
  std::vector<std::string> shapes(printer.Shown(count));
  CAIRN_RETURN_IF_ERROR(
      client::ParallelCalls(shapes.size(), kReaders, [&](size_t i) -> absl::Status {
        CAIRN_ASSIGN_OR_RETURN(
            shapes[i], ShapeOf(session, *client, run, run.metrics(static_cast<int>(i)).key()));
        return absl::OkStatus();
      }));
  Table table;
  table.columns = {{.title = "METRIC", .id = true},
                   {"LATEST", false, true},
                   {"STEP", false, true},
                   {"MIN", false, true},
                   {"MAX", false, true},
                   {"POINTS", false, true},
                   {"SHAPE"}};
  for (size_t i = 0; i < shapes.size(); ++i) {
    const v1::MetricSummary& metric = run.metrics(static_cast<int>(i));
    table.rows.push_back(
        {metric.key(),
         metric.key(),
         {Cell(metric.key()), ExactNumber(metric.latest().value()),
          Cell(std::to_string(metric.latest().step())), ExactNumber(metric.min()),
          ExactNumber(metric.max()), Cell(std::to_string(metric.point_count())), Cell(shapes[i])}});
  }
  return printer.List("Metrics", count, std::move(table));
}

// The runs nested in this one, newest first; counted first, so that a thousand of them are
// not read to show twenty.
absl::Status PrintNested(Session& session, DescriptionPrinter& printer, const v1::Run& run) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::CountRunsRequest count;
  count.set_filter(fmt::format("parent_run = \"{}\"", run.uid()));
  CAIRN_ASSIGN_OR_RETURN(const auto counted, client->tracking().CountRuns(count));
  const auto total = static_cast<size_t>(counted.run_count());
  if (total == 0) return absl::OkStatus();
  const size_t shown = printer.Shown(total);
  v1::SearchRunsRequest search;
  search.set_filter(count.filter());
  search.set_page_size(static_cast<int32_t>(std::min<size_t>(shown, 1000)));
  for (const char* path : {"uid", "display_name", "state", "start_time", "end_time"}) {
    search.mutable_read_mask()->add_paths(path);
  }
  Table table;
  table.columns = {{.title = "RUN", .id = true}, {"NAME"}, {"STATE"}, {"STARTED"}, {"ENDED"}};
  CAIRN_RETURN_IF_ERROR(client::ForEachPage(
      search, [&](const auto& request) { return client->tracking().SearchRuns(request); },
      [&](const v1::SearchRunsResponse& page) {
        for (const v1::Run& child : page.runs()) {
          if (table.rows.size() == shown) return false;
          table.rows.push_back(
              {child.name(),
               child.uid(),
               {Cell(child.uid(), child.uid().substr(0, 12)), Cell(child.display_name()),
                Cell(StateText(v1::Run::State_Name(child.state()))),
                session.TimeCell(child.start_time(), child.has_start_time()),
                session.TimeCell(child.end_time(), child.has_end_time())}});
        }
        return table.rows.size() < shown;
      }));
  return printer.List("Nested runs", total, std::move(table));
}

}  // namespace

absl::StatusOr<int> DescribeRun(Session& session, const v1::Run& run) {
  DescriptionPrinter printer(session);
  PrintHead(session, printer, run);
  CAIRN_RETURN_IF_ERROR(printer.Pairs("Parameters", run.params()));
  CAIRN_RETURN_IF_ERROR(printer.Pairs("Tags", run.tags()));
  CAIRN_RETURN_IF_ERROR(PrintInputs(printer, run));
  CAIRN_RETURN_IF_ERROR(PrintOutputs(printer, run));
  CAIRN_RETURN_IF_ERROR(PrintMetrics(session, printer, run));
  CAIRN_RETURN_IF_ERROR(PrintNested(session, printer, run));
  return kExitOk;
}

}  // namespace cairn::cli
