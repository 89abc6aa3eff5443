#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "lib/model_formats/mlflow_model.h"
#include "lib/model_formats/onnx_model.h"
#include "pipeline/commands/commands.h"
#include "pipeline/commands/exit_code.h"
#include "pipeline/commands/load_model.h"
#include "pipeline/commands/note.h"

namespace cairn::pipeline {
namespace {

// A file of another model that stayed would be part of this one.
absl::Status CheckDirectoryIsFree(const std::string& directory) {
  std::error_code error;
  if (!std::filesystem::exists(directory, error) || std::filesystem::is_empty(directory, error)) {
    return absl::OkStatus();
  }
  return Error(
             absl::StatusCode::kAlreadyExists, ErrorReason::FILE_ERROR,
             fmt::format("{} is there and not empty; an MLflow model needs a directory of its own",
                         directory))
      .With("path", directory);
}

absl::Status WriteMlflow(const model::SegmentationModel& model, const std::string& directory) {
  CAIRN_ASSIGN_OR_RETURN(const auto files,
                         model_formats::MlflowModel(model, SystemClock().NowUnixNanos()));
  CAIRN_RETURN_IF_ERROR(CheckDirectoryIsFree(directory));
  CAIRN_RETURN_IF_ERROR(MakeDirectories(directory));
  // MLmodel is last: a directory without it is no model yet.
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    CAIRN_RETURN_IF_ERROR(WriteFileAtomically(directory + "/" + file->path, file->bytes));
  }
  return absl::OkStatus();
}

absl::Status WriteOnnx(const model::SegmentationModel& model, const std::string& path) {
  CAIRN_ASSIGN_OR_RETURN(const std::string bytes, model_formats::OnnxModel(model));
  return WriteFileAtomically(path, bytes);
}

absl::Status Export(const ExportFlags& flags) {
  CAIRN_ASSIGN_OR_RETURN(const model::Predictor predictor, LoadModel(flags.model, flags.server));
  CAIRN_RETURN_IF_ERROR(flags.format == "onnx" ? WriteOnnx(predictor.model(), flags.out)
                                               : WriteMlflow(predictor.model(), flags.out));
  Note("{} features to {} segments, written as {} to {}\n", predictor.feature_count(),
       predictor.cluster_count(), flags.format, flags.out);
  return absl::OkStatus();
}

}  // namespace

int ExportCommand(const ExportFlags& flags) {
  const absl::Status status = Export(flags);
  return status.ok() ? kExitOk : ReportError(status);
}

}  // namespace cairn::pipeline
