#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdio>

#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "lib/client/client.h"
#include "pipeline/commands/commands.h"
#include "pipeline/commands/exit_code.h"
#include "pipeline/commands/note.h"
#include "pipeline/data/cleaning.h"
#include "pipeline/data/load.h"
#include "pipeline/data/table_csv.h"
#include "pipeline/register/model_source.h"
#include "pipeline/stages/config.h"
#include "pipeline/stages/features_file.h"
#include "pipeline/stages/prediction.h"

namespace cairn::pipeline {
namespace {

bool IsFile(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

absl::StatusOr<model::Predictor> LoadModel(const PredictFlags& flags) {
  if (IsFile(flags.model)) {
    CAIRN_ASSIGN_OR_RETURN(const std::string bytes,
                           ReadFile(flags.model, model::kMaxModelFileBytes));
    Note("model: {}\n", flags.model);
    return model::Predictor::FromFile(bytes);
  }
  if (flags.server.empty()) {
    return Error(absl::StatusCode::kNotFound, ErrorReason::FILE_ERROR,
                 fmt::format("{} is no file; to fetch a model by name, say --server HOST:PORT",
                             flags.model))
        .With("path", flags.model)
        .ToStatus();
  }
  client::ConnectOptions options;
  options.address = flags.server;
  CAIRN_ASSIGN_OR_RETURN(const auto client, client::Client::Connect(std::move(options)));
  CAIRN_ASSIGN_OR_RETURN(const FetchedModel fetched, FetchModel(*client, flags.model));
  Note("model: {} (sha256 {})\n", fetched.version, fetched.sha256);
  return model::Predictor::FromFile(fetched.bytes);
}

absl::StatusOr<FeatureMatrix> LoadFeatures(const PredictFlags& flags,
                                           const model::Predictor& predictor) {
  if (!flags.features.empty()) {
    CAIRN_ASSIGN_OR_RETURN(const std::string text, ReadFile(flags.features));
    return ParseFeaturesCsv(text, flags.features);
  }
  if (flags.data.empty()) {
    return InvalidField(ErrorReason::FIELD_REQUIRED, "data", "",
                        "give transactions with --data or features with --features")
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(const FeaturePreset preset, PresetOfModel(predictor));
  CAIRN_ASSIGN_OR_RETURN(PipelineConfig config, PresetConfig("default"));
  for (const std::string& setting : flags.settings) {
    CAIRN_RETURN_IF_ERROR(ApplySetting(setting, &config));
  }
  LoadOptions options;
  options.threads = flags.threads;
  options.max_reject_share = config.input.max_reject_share;
  options.dialect = config.input.dialect;
  CAIRN_ASSIGN_OR_RETURN(const LoadedTransactions loaded, LoadTransactions(flags.data, options));
  Note("input: {}\n", loaded.dialect);
  for (const std::string& warning : loaded.warnings) Note("warning: {}\n", warning);
  const CleaningResult cleaned = CleanTransactions(loaded.table, config.cleaning.rules);
  return ComputeFeatures(cleaned.table, preset, flags.threads, config.cleaning.home_country);
}

absl::Status Predict(const PredictFlags& flags) {
  CAIRN_ASSIGN_OR_RETURN(const model::Predictor predictor, LoadModel(flags));
  CAIRN_ASSIGN_OR_RETURN(const FeatureMatrix features, LoadFeatures(flags, predictor));
  CAIRN_ASSIGN_OR_RETURN(const CustomerSegments assigned, AssignSegments(predictor, features));
  const std::string csv = PredictionsCsv(assigned);
  const std::string summary = SegmentSummary(predictor, assigned);
  if (flags.out.empty()) {
    Note("{}", summary);
    fmt::print("{}", csv);
    return absl::OkStatus();
  }
  CAIRN_RETURN_IF_ERROR(MakeDirectories(flags.out));
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
