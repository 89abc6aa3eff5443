#include "pipeline/stages/profile_stage.h"

#include <fmt/format.h>

#include <utility>

#include "lib/base/digest.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "lib/model/model_file.h"
#include "pipeline/data/table_csv.h"
#include "pipeline/report/html_report.h"
#include "pipeline/report/report_json.h"
#include "pipeline/stages/byte_codec.h"
#include "pipeline/stages/cached_values.h"
#include "pipeline/stages/chart_pngs.h"
#include "pipeline/stages/foreign_formats.h"
#include "pipeline/stages/run_insight.h"
#include "pipeline/stages/training_stages.h"

namespace cairn::pipeline {
namespace {

size_t ChosenPlace(const RunOutcome& outcome) {
  return outcome.selection.rows[outcome.selection.chosen].run;
}

const TrainingRun& ChosenRun(const RunOutcome& outcome) {
  return outcome.runs[ChosenPlace(outcome)];
}

absl::Status ComputeProfile(StageRun* run, StageRecord* record) {
  RunOutcome& outcome = run->outcome();
  CAIRN_ASSIGN_OR_RETURN(Insight insight, InsightOf(run, ChosenPlace(outcome)));
  outcome.report = std::move(insight.report);
  outcome.customers_csv = std::move(insight.customers_csv);
  record->rows_in = static_cast<int64_t>(outcome.features.customer_ids.size());
  record->rows_out = ChosenRun(outcome).point.k;
  return absl::OkStatus();
}

// model.onnx and MLflow's directory beside model.cairnseg.
absl::Status WriteFormats(StageRun* run) {
  CAIRN_ASSIGN_OR_RETURN(const std::string bytes, ModelOf(run, ChosenRun(run->outcome())));
  CAIRN_ASSIGN_OR_RETURN(const auto model, model::ParseModel(bytes));
  CAIRN_ASSIGN_OR_RETURN(auto files,
                         ForeignFormats(model, run->outcome().report.profiles.last_day));
  CAIRN_RETURN_IF_ERROR(MakeDirectories(run->out().PathOf("mlflow")));
  for (ModelFormatFile& file : files) run->out().Write(file.path, std::move(file.bytes));
  return absl::OkStatus();
}

absl::Status SettleProfile(StageRun* run, StageRecord* record) {
  const RunOutcome& outcome = run->outcome();
  run->Write("profiles.json", ProfilesJson(outcome.report.profiles));
  run->Write("report.json", ReportJson(outcome.report));
  record->digest = Sha256Hex(run->Write("customers.csv", outcome.customers_csv));
  if (!run->out().enabled()) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(WriteFormats(run));
  run->out().Run([report = outcome.report, path = run->out().PathOf("report.html")] {
    return WriteOutputFile(path, RenderReport(report));
  });
  return absl::OkStatus();
}

// Any version may come into production: each has a report, the chosen one charts besides.
absl::Status PublishVersionReports(StageRun* run) {
  for (const size_t place : run->outcome().selection.versions) {
    if (place == ChosenPlace(run->outcome())) continue;
    CAIRN_ASSIGN_OR_RETURN(Insight insight, InsightOf(run, place));
    ArtifactDraft draft;
    draft.run = place;
    draft.files = {{"report/profiles.json", Share(ProfilesJson(insight.report.profiles))},
                   {"report/report.json", Share(ReportJson(insight.report))},
                   {"report/customers.csv", Share(std::move(insight.customers_csv))}};
    CAIRN_RETURN_IF_ERROR(run->publisher()->AddArtifacts(std::move(draft)));
  }
  return absl::OkStatus();
}

// Here, where no later stage waits for them.
absl::Status KeepPngsNow(StageRun* run) {
  std::vector<std::string> notes;
  CAIRN_RETURN_IF_ERROR(FinishPngs(run, &notes));
  for (const std::string& note : notes) run->Print(note);
  return absl::OkStatus();
}

absl::Status PublishReport(StageRun* run, const std::vector<ChartFile>& charts) {
  ArtifactDraft draft;
  draft.run = ChosenPlace(run->outcome());
  for (const char* file : {"profiles.json", "report.json", "customers.csv"}) {
    draft.files.push_back({fmt::format("report/{}", file), run->TextOf(file)});
  }
  for (const ChartFile& chart : charts) {
    draft.files.push_back({fmt::format("report/charts/{}.svg", chart.name), Share(chart.svg)});
  }
  for (const StageRecord& record : run->outcome().stages) {
    draft.files.push_back({fmt::format("logs/{}.log", record.name), Share(StageLog(record))});
  }
  return run->publisher()->AddArtifacts(std::move(draft));
}

absl::Status FollowProfile(StageRun* run, const StageRecord&) {
  const bool publishes = run->publisher() != nullptr;
  if (!publishes && !WantsPngs(*run)) return absl::OkStatus();
  std::vector<ChartFile> charts = DrawCharts(run->outcome().report);
  if (publishes) CAIRN_RETURN_IF_ERROR(PublishReport(run, charts));
  StartPngs(run, ChosenPlace(run->outcome()), std::move(charts));
  if (publishes) CAIRN_RETURN_IF_ERROR(PublishVersionReports(run));
  return publishes && !run->IsLast("profile") ? absl::OkStatus() : KeepPngsNow(run);
}

EncodeJob KeepProfile(StageRun* run, const std::vector<StageRecord>& records) {
  ByteWriter out;
  PutRecords(records, &out);
  out.Text(*run->TextOf("report.json"));
  out.Text(run->outcome().customers_csv);
  return Encoded(out.Take());
}

bool TakeProfile(StageRun* run, std::string_view bytes, std::vector<StageRecord>* records) {
  ByteReader in(bytes);
  *records = GetRecords(&in);
  auto report = ParseReportJson(in.Text());
  std::string customers = in.Text();
  if (!report.ok() || !in.Done() || records->size() != 1) return false;
  run->outcome().report = *std::move(report);
  run->outcome().customers_csv = std::move(customers);
  return true;
}

}  // namespace

std::string ProfileSettings(const PipelineConfig& config) { return config.segments_after; }

StageWork ProfileWork() {
  StageWork work;
  work.compute = ComputeProfile;
  work.settle = SettleProfile;
  work.follow = FollowProfile;
  work.encode = KeepProfile;
  work.forms = {{"", TakeProfile}};
  return work;
}

}  // namespace cairn::pipeline
