#include "pipeline/stages/foreign_formats.h"

#include <cstdio>
#include <utility>

#include "lib/base/clock.h"
#include "lib/base/status_macros.h"
#include "lib/model_formats/mlflow_model.h"
#include "lib/model_formats/onnx_model.h"
#include "pipeline/data/dates.h"

namespace cairn::pipeline {
namespace {

constexpr int64_t kNanosADay = 86'400 * kNanosPerSecond;

// 1970 for a text that is no day.
int64_t NanosOf(const std::string& day) {
  CivilDate date;
  if (std::sscanf(day.c_str(), "%d-%d-%d", &date.year, &date.month, &date.day) != 3) return 0;
  return DaysFromCivil(date) * kNanosADay;
}

}  // namespace

absl::StatusOr<std::vector<ModelFormatFile>> ForeignFormats(
    const cairn::v1::SegmentationModel& model, const std::string& last_day) {
  std::vector<ModelFormatFile> out;
  CAIRN_ASSIGN_OR_RETURN(std::string onnx, model_formats::OnnxModel(model));
  out.push_back({std::string(model_formats::kOnnxFileName), std::move(onnx)});
  CAIRN_ASSIGN_OR_RETURN(auto files, model_formats::MlflowModel(model, NanosOf(last_day)));
  for (auto& file : files) out.push_back({"mlflow/" + file.path, std::move(file.bytes)});
  return out;
}

}  // namespace cairn::pipeline
