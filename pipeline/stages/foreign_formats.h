#ifndef CAIRN_PIPELINE_STAGES_FOREIGN_FORMATS_H_
#define CAIRN_PIPELINE_STAGES_FOREIGN_FORMATS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/segmentation_model.pb.h"

namespace cairn::pipeline {

// A file that stands beside model.cairnseg. `path` is relative to where that is.
struct ModelFormatFile {
  std::string path;
  std::string bytes;
};

// The model in the formats of others (lib/model_formats): `model.onnx`, and MLflow's directory as
// `mlflow/…`. `last_day` is the last day of the data, `2011-12-09`, which MLflow is given as the
// time of the model: so equal runs give equal bytes, whenever they run. Errors of the formats.
absl::StatusOr<std::vector<ModelFormatFile>> ForeignFormats(
    const cairn::v1::SegmentationModel& model, const std::string& last_day);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_FOREIGN_FORMATS_H_
