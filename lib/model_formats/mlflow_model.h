#ifndef CAIRN_LIB_MODEL_FORMATS_MLFLOW_MODEL_H_
#define CAIRN_LIB_MODEL_FORMATS_MLFLOW_MODEL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/segmentation_model.pb.h"

namespace cairn::model_formats {

using cairn::v1::SegmentationModel;

// A segmentation model as the directory that MLflow calls a model, so that Python needs no package
// of this project:
//
//   model = mlflow.pyfunc.load_model(directory)
//   model.predict(features)   # a pandas.DataFrame; columns of doubles by the features' names
//
//   MLmodel           what is in the directory, and the signature
//   model.onnx        OnnxColumnModel
//   conda.yaml, python_env.yaml, requirements.txt   what Python needs to load it
//
// The flavour is MLflow's own `onnx`: no Python code is in the directory, and what loads it is what
// everybody has. MLflow gives that flavour one array for each column by its name, and makes a table
// of one column for each output, which is why the file is not OnnxModel. The signature makes
// MLflow refuse a table that lacks a feature or has text in one, and ignore other columns.

// A file of the directory. `path` is relative to it.
struct FormatFile {
  std::string path;
  std::string bytes;
};

// The directory's files, MLmodel first. `unix_nanos` is when the model came into being, for
// `utc_time_created`; everything else is a function of the model, so that equal arguments give
// equal bytes on one build. `model_uuid` is the first 32 digits of the native file's SHA-256, which
// stands in `metadata` in full. Pure; any thread. Errors are those of OnnxColumnModel.
absl::StatusOr<std::vector<FormatFile>> MlflowModel(const SegmentationModel& model,
                                                    int64_t unix_nanos);

}  // namespace cairn::model_formats

#endif  // CAIRN_LIB_MODEL_FORMATS_MLFLOW_MODEL_H_
