#include "server/registry/evaluation_rules.h"

#include <cmath>
#include <set>
#include <string>
#include <utility>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/metrics/bundle.h"
#include "server/metrics/summaries.h"
#include "server/records/dataset_refs.h"
#include "server/registry/evaluations.h"
#include "server/registry/limits.h"
#include "server/registry/models.h"
#include "server/registry/version_creation.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::registry {
namespace {

using cairn::internal::MetricRecord;
using cairn::internal::RunRecord;
using cairn::v1::Evaluation;
using cairn::v1::EvaluationValue;
using cairn::v1::MetricSummary;
using storage::Snapshot;
using storage::WriteSet;

constexpr int kMaxSettings = 64;

absl::Status CheckTexts(std::string_view field, const Evaluation& evaluation) {
  for (const auto& [name, value] :
       {std::pair<std::string_view, const std::string&>{"space", evaluation.space()},
        {"preparation", evaluation.preparation()},
        {"evaluator", evaluation.evaluator()}}) {
    if (value.size() > kMaxTextBytes) {
      return InvalidField(ErrorReason::VALUE_INVALID, fmt::format("{}.{}", field, name), value,
                          fmt::format("must be at most {} bytes long", kMaxTextBytes));
    }
  }
  if (evaluation.settings_size() > kMaxSettings) {
    return InvalidField(ErrorReason::TOO_LARGE, fmt::format("{}.settings", field),
                        std::to_string(evaluation.settings_size()),
                        fmt::format("must have at most {} entries", kMaxSettings));
  }
  for (const auto& [key, value] : evaluation.settings()) {
    CAIRN_RETURN_IF_ERROR(
        ValidateHumanName(fmt::format("{}.settings key", field), key, kMaxNameBytes, true));
    if (value.size() > kMaxTextBytes) {
      return InvalidField(ErrorReason::VALUE_INVALID, fmt::format("{}.settings.{}", field, key),
                          value, fmt::format("must be at most {} bytes long", kMaxTextBytes));
    }
  }
  return absl::OkStatus();
}

// The values as they are recorded: each metric and definition once.
absl::Status CheckValues(std::string_view field, Evaluation& evaluation) {
  const std::string path = fmt::format("{}.values", field);
  if (evaluation.values_size() > kMaxEvaluationValues) {
    return InvalidField(ErrorReason::TOO_LARGE, path, std::to_string(evaluation.values_size()),
                        fmt::format("must have at most {} entries", kMaxEvaluationValues));
  }
  if (evaluation.values().empty() && evaluation.state() == Evaluation::FINAL) {
    return InvalidField(ErrorReason::FIELD_REQUIRED, path, "", "must have at least one entry");
  }
  std::set<std::pair<std::string, std::string>> seen;
  for (int i = 0; i < evaluation.values_size(); ++i) {
    EvaluationValue& value = *evaluation.mutable_values(i);
    const std::string at = fmt::format("{}[{}]", path, i);
    CAIRN_RETURN_IF_ERROR(ValidateHumanName(at + ".metric", value.metric(), kMaxNameBytes, true));
    if (value.definition().empty()) value.set_definition(value.metric() + ".v1");
    CAIRN_RETURN_IF_ERROR(
        ValidateHumanName(at + ".definition", value.definition(), kMaxTextBytes, true));
    if (!value.run_metric().empty()) {
      CAIRN_RETURN_IF_ERROR(
          ValidateHumanName(at + ".run_metric", value.run_metric(), kMaxNameBytes, true));
    }
    if (!seen.insert({value.metric(), value.definition()}).second) {
      return InvalidField(ErrorReason::VALUE_INVALID, at, value.metric(),
                          "must be the only value of its metric and definition");
    }
  }
  return absl::OkStatus();
}

absl::Status ResolveDataset(const Snapshot& snapshot, const std::string& field,
                            Evaluation& evaluation, WriteSet& write_set) {
  evaluation.clear_dataset_sha256();
  if (evaluation.dataset_version().empty()) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(*evaluation.mutable_dataset_sha256(),
                         UsedDatasetDigest(snapshot, field + ".dataset_version",
                                           *evaluation.mutable_dataset_version(), write_set));
  return absl::OkStatus();
}

absl::Status ResolveReference(const Snapshot& snapshot, const std::string& field,
                              Evaluation& evaluation) {
  if (evaluation.reference_version().empty()) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(
      const VersionName name,
      ParseModelVersionName(field + ".reference_version", evaluation.reference_version()));
  evaluation.set_reference_version(ModelVersionName(name.parent_id, name.version));
  return ReadModelVersion(snapshot, name.parent_id, name.version).status();
}

const std::string& LoggedName(const EvaluationValue& value) {
  return value.run_metric().empty() ? value.metric() : value.run_metric();
}

// What a run has of the metrics that the values name, by name.
absl::StatusOr<metrics::Summaries> LoggedSummaries(const Snapshot& snapshot,
                                                   const std::string& run_id,
                                                   const Evaluation& evaluation) {
  std::set<std::string, std::less<>> names;
  for (const EvaluationValue& value : evaluation.values()) names.insert(LoggedName(value));
  metrics::Summaries summaries;
  for (const std::string& name : names) {
    CAIRN_ASSIGN_OR_RETURN(auto stored, storage::ReadRecord<MetricRecord>(
                                            snapshot, storage::RunMetricKey(run_id, name)));
    if (stored.has_value()) *summaries.Add() = std::move(*stored->value.mutable_summary());
  }
  metrics::BundleReader bundles(snapshot);
  CAIRN_RETURN_IF_ERROR(metrics::AddBundled(
      bundles, run_id, [&](std::string_view name) { return names.find(name) != names.end(); },
      summaries));
  return summaries;
}

bool Equal(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

bool Logged(const MetricSummary& summary, double value) {
  return Equal(summary.latest().value(), value) || Equal(summary.min(), value) ||
         Equal(summary.max(), value);
}

absl::Status Contradicts(const std::string& field, const std::string& run,
                         const EvaluationValue& value, const MetricSummary& summary) {
  const std::string reported = ShortestDouble(value.value());
  const std::string logged = ShortestDouble(summary.latest().value());
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::EVIDENCE_CONTRADICTS_RUN,
               fmt::format("{}: {} is reported as {}, but {} logged {} under {} (from {} to {}); "
                           "name the metric that holds this value as run_metric",
                           field, value.metric(), reported, run, logged, summary.key(),
                           ShortestDouble(summary.min()), ShortestDouble(summary.max())))
      .Field(field, "must be a value that the run logged")
      .With("metric", value.metric())
      .With("run", run)
      .With("reported", reported)
      .With("logged", logged);
}

absl::Status CheckAgainstRun(const Snapshot& snapshot, const std::string& field,
                             Evaluation& evaluation) {
  if (evaluation.run().empty()) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(const RunName run, ParseRunName(field + ".run", evaluation.run()));
  CAIRN_ASSIGN_OR_RETURN(const auto stored,
                         storage::ReadRecord<RunRecord>(snapshot, storage::RunKey(run.run_id)));
  if (!stored.has_value() || stored->value.experiment_id() != run.experiment_id) {
    return NotFound(ErrorReason::RUN_NOT_FOUND, "Run", evaluation.run());
  }
  evaluation.set_run(stored->value.run().name());
  CAIRN_ASSIGN_OR_RETURN(const metrics::Summaries summaries,
                         LoggedSummaries(snapshot, run.run_id, evaluation));
  for (int i = 0; i < evaluation.values_size(); ++i) {
    for (const MetricSummary& summary : summaries) {
      if (summary.key() != LoggedName(evaluation.values(i))) continue;
      if (Logged(summary, evaluation.values(i).value())) continue;
      return Contradicts(fmt::format("{}.values[{}].value", field, i), evaluation.run(),
                         evaluation.values(i), summary);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Evaluation> CheckReported(const Snapshot& snapshot, std::string_view field_name,
                                         const Evaluation& asked, WriteSet& write_set) {
  const std::string field(field_name);
  Evaluation evaluation = asked;
  evaluation.clear_etag();
  evaluation.set_source(Evaluation::REPORTED);
  if (evaluation.state() != Evaluation::OPEN) evaluation.set_state(Evaluation::FINAL);
  CAIRN_RETURN_IF_ERROR(CheckTexts(field, evaluation));
  CAIRN_RETURN_IF_ERROR(CheckValues(field, evaluation));
  CAIRN_RETURN_IF_ERROR(ResolveDataset(snapshot, field, evaluation, write_set));
  CAIRN_RETURN_IF_ERROR(ResolveReference(snapshot, field, evaluation));
  CAIRN_RETURN_IF_ERROR(CheckAgainstRun(snapshot, field, evaluation));
  return evaluation;
}

}  // namespace cairn::registry
