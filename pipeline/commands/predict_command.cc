#include <fmt/format.h>

#include <cstdio>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "pipeline/commands/commands.h"
#include "pipeline/commands/exit_code.h"
#include "pipeline/commands/load_model.h"
#include "pipeline/commands/note.h"
#include "pipeline/commands/progress.h"
#include "pipeline/data/byte_source.h"
#include "pipeline/data/cleaning.h"
#include "pipeline/data/load.h"
#include "pipeline/data/table_csv.h"
#include "pipeline/stages/config.h"
#include "pipeline/stages/features_file.h"
#include "pipeline/stages/output_folder.h"
#include "pipeline/stages/prediction.h"

namespace cairn::pipeline {
namespace {

// Says what was set aside, and stops when it is too much.
absl::Status JudgeCleaning(const LoadedTransactions& loaded, const CleaningResult& cleaned,
                           double max_share) {
  SetAsideReport report{loaded.rows_read, GrossSpend(loaded.table), RejectedRows(loaded)};
  for (const CleaningStep& step : cleaned.steps) {
    report.reasons.insert(report.reasons.end(), step.set_aside.begin(), step.set_aside.end());
  }
  for (const std::string& line : DescribeSetAside(report)) Note("{}\n", line);
  return CheckSetAside(report, max_share);
}

absl::StatusOr<FeatureMatrix> LoadFeatures(const PredictFlags& flags,
                                           const model::Predictor& predictor) {
  if (!flags.features.empty()) {
    CAIRN_ASSIGN_OR_RETURN(const InputBytes bytes, InputBytes::Read(flags.features));
    CAIRN_ASSIGN_OR_RETURN(FeatureMatrix features, ParseFeaturesCsv(bytes.view(), flags.features));
    CAIRN_RETURN_IF_ERROR(CheckFeatures(predictor, features));
    for (const std::string& line : FeatureWarnings(predictor, features)) {
      Note("warning: {}\n", line);
    }
    return features;
  }
  if (flags.data.empty()) {
    return InvalidField(ErrorReason::FIELD_REQUIRED, "data", "",
                        "give transactions with --data or features with --features")
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(const FeaturePreset preset, PresetOfModel(predictor));
  RunFlags run;
  run.config = flags.config;
  run.settings = flags.settings;
  CAIRN_ASSIGN_OR_RETURN(const PipelineConfig config, ConfigFromFlags(run));
  LoadOptions options;
  options.threads = flags.threads;
  options.max_reject_share = config.input.max_reject_share;
  options.dialect = config.input.dialect;
  Progress progress;
  options.watch = progress.Loading();
  CAIRN_ASSIGN_OR_RETURN(const LoadedTransactions loaded, LoadTransactions(flags.data, options));
  progress.Clear();
  Note("input: {}\n", loaded.dialect);
  for (const std::string& warning : loaded.warnings) Note("warning: {}\n", warning);
  const CleaningResult cleaned = CleanTransactions(loaded.table, config.cleaning.rules);
  CAIRN_RETURN_IF_ERROR(JudgeCleaning(loaded, cleaned, config.cleaning.max_set_aside_share));
  return ComputeFeatures(cleaned.table, preset, flags.threads, config.cleaning.home_country);
}

absl::Status Predict(const PredictFlags& flags) {
  CAIRN_ASSIGN_OR_RETURN(const model::Predictor predictor, LoadModel(flags.model, flags.server));
  CAIRN_ASSIGN_OR_RETURN(const FeatureMatrix features, LoadFeatures(flags, predictor));
  CAIRN_ASSIGN_OR_RETURN(const CustomerSegments assigned, AssignSegments(predictor, features));
  const std::string csv = PredictionsCsv(assigned);
  const std::string summary = SegmentSummary(predictor, assigned);
  if (flags.out.empty()) {
    Note("{}", summary);
    fmt::print("{}", csv);
    return absl::OkStatus();
  }
  OutputFolder out(flags.out);
  CAIRN_RETURN_IF_ERROR(out.Prepare());
  CAIRN_RETURN_IF_ERROR(WriteOutputFile(flags.out + "/predictions.csv", csv));
  fmt::print("{}{} customers assigned, written to {}/predictions.csv\n", summary,
             assigned.customer_ids.size(), flags.out);
  return absl::OkStatus();
}

}  // namespace

int PredictCommand(const PredictFlags& flags) {
  const absl::Status status = Predict(flags);
  return status.ok() ? kExitOk : ReportError(status);
}

}  // namespace cairn::pipeline
