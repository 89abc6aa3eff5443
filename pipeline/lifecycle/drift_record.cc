#include "pipeline/lifecycle/drift_record.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/version.h"
#include "lib/client/uploader.h"
#include "pipeline/register/experiment.h"
#include "pipeline/register/request_ids.h"

namespace cairn::pipeline {
namespace {

void AddInput(const std::string& dataset, const char* context, v1::Run* run) {
  if (dataset.empty()) return;
  v1::RunInput* input = run->add_inputs();
  input->set_dataset_version(dataset);
  input->set_context(context);
}

absl::StatusOr<v1::Run> CreateDriftRun(client::Client& client, const DriftSubject& subject,
                                       const DriftFindings& findings, const std::string& key) {
  v1::CreateRunRequest request;
  CAIRN_ASSIGN_OR_RETURN(*request.mutable_parent(),
                         FindOrCreateExperiment(client, subject.experiment));
  v1::Run* run = request.mutable_run();
  run->set_display_name(subject.name);
  auto& params = *run->mutable_params();
  params["kind"] = "drift";
  if (!subject.champion.empty()) params["champion"] = subject.champion;
  if (!subject.input_sha256.empty()) params["input"] = subject.input_sha256;
  (*run->mutable_tags())["cairn.drift"] = std::string(DriftVerdictName(VerdictOf(findings)));
  AddInput(subject.reference_dataset, "reference", run);
  AddInput(subject.current_dataset, "current", run);
  request.set_request_id(RequestIdFor(key, "create_drift_run", request));
  return client.tracking().CreateRun(std::move(request));
}

// As it is now: a repeated call gets the answer of the first, whatever came after it.
absl::StatusOr<v1::Run> FindOrCreateDriftRun(client::Client& client, const DriftSubject& subject,
                                             const DriftFindings& findings,
                                             const std::string& key) {
  CAIRN_ASSIGN_OR_RETURN(const v1::Run created, CreateDriftRun(client, subject, findings, key));
  v1::GetRunRequest request;
  request.set_name(created.name());
  return client.tracking().GetRun(request);
}

// What an earlier attempt logged is not logged again: each value is one point.
absl::Status LogDriftMetrics(client::Client& client, const v1::Run& run,
                             const DriftFindings& findings) {
  std::set<std::string> logged;
  for (const v1::MetricSummary& summary : run.metrics()) logged.insert(summary.key());
  v1::LogBatchRequest batch;
  batch.set_run(run.name());
  for (const auto& [name, value] : DriftMetrics(findings)) {
    if (logged.contains(name)) continue;
    v1::MetricColumns* columns = batch.add_metrics();
    columns->set_key(name);
    columns->add_steps(0);
    columns->add_values(value);
  }
  if (batch.metrics().empty()) return absl::OkStatus();
  return client.tracking().LogBatch(std::move(batch)).status();
}

absl::Status LogDriftFile(client::Client& client, const std::string& run, const std::string& json) {
  CAIRN_ASSIGN_OR_RETURN(const auto files, client::Uploader(client).Upload(
                                               {client::UploadItem::Bytes("drift.json", json)}));
  v1::LogArtifactsRequest request;
  request.set_run(run);
  *request.add_files() = files.front();
  return client.artifacts().LogArtifacts(std::move(request)).status();
}

// Of the measures as a whole; those of single features have a slash in their names.
absl::Status Seal(client::Client& client, const DriftSubject& subject, const std::string& run,
                  const DriftFindings& findings, const std::string& key) {
  if (subject.champion.empty()) return absl::OkStatus();
  v1::CreateEvaluationRequest request;
  request.set_parent(subject.champion);
  v1::Evaluation* evaluation = request.mutable_evaluation();
  evaluation->set_run(run);
  evaluation->set_dataset_version(subject.current_dataset);
  evaluation->set_evaluator(std::string("cairn-pipeline/") + std::string(kVersion));
  for (const auto& [limit, value] : LimitValues(findings.limits)) {
    (*evaluation->mutable_settings())[limit] = ShortestDouble(value);
  }
  for (const auto& [name, value] : DriftMetrics(findings)) {
    if (name.find('/') != std::string::npos) continue;
    v1::EvaluationValue* one = evaluation->add_values();
    const std::string metric = name.starts_with("drift_") ? name : "drift_" + name;
    one->set_metric(metric);
    one->set_definition(metric + ".v1");
    one->set_run_metric(name);
    one->set_value(value);
  }
  request.set_request_id(RequestIdFor(key, "seal_drift", request));
  return client.evaluations().CreateEvaluation(std::move(request)).status();
}

}  // namespace

absl::StatusOr<std::string> RecordDrift(client::Client& client, const DriftSubject& subject,
                                        const DriftFindings& findings) {
  const std::string json = DriftJson(findings);
  const std::string key =
      Sha256Hex(subject.name + "\n" + subject.champion + "\n" + subject.reference_dataset + "\n" +
                subject.current_dataset + "\n" + subject.input_sha256 + "\n" + json);
  CAIRN_ASSIGN_OR_RETURN(const v1::Run run, FindOrCreateDriftRun(client, subject, findings, key));
  if (run.state() == v1::Run::SUCCEEDED) return run.name();
  CAIRN_RETURN_IF_ERROR(LogDriftMetrics(client, run, findings));
  CAIRN_RETURN_IF_ERROR(LogDriftFile(client, run.name(), json));
  CAIRN_RETURN_IF_ERROR(Seal(client, subject, run.name(), findings, key));
  v1::FinishRunRequest finish;
  finish.set_name(run.name());
  finish.set_state(v1::Run::SUCCEEDED);
  CAIRN_RETURN_IF_ERROR(client.tracking().FinishRun(std::move(finish)).status());
  return run.name();
}

}  // namespace cairn::pipeline
