#include "server/evaluation/model_signature.h"

#include <cmath>
#include <cstdint>
#include <string>

#include "lib/base/status_macros.h"
#include "lib/model/model_file.h"
#include "server/evaluation/inputs.h"

namespace cairn::evaluation {
namespace {

// A model that kept no statistics has zeros everywhere.
bool HasLimits(const v1::SegmentationModel::Feature& feature) {
  const bool told = feature.decile_edges_size() > 0 || feature.min() != 0 || feature.max() != 0;
  return told && std::isfinite(feature.min()) && std::isfinite(feature.max()) &&
         feature.min() <= feature.max();
}

v1::ModelSignature ToSignature(const model::SegmentationModel& model) {
  v1::ModelSignature signature;
  for (const auto& feature : model.features()) {
    v1::ModelSignature::Column& column = *signature.add_inputs();
    column.set_name(feature.name());
    column.set_type("double");
    if (!HasLimits(feature)) continue;
    column.set_min(feature.min());
    column.set_max(feature.max());
  }
  return signature;
}

}  // namespace

absl::StatusOr<std::optional<v1::ModelSignature>> SignatureOf(const v1::ModelVersion& version,
                                                              const BlobText& read) {
  const auto file = ModelFileOf(version);
  if (!file.ok() || file->size_bytes > static_cast<int64_t>(model::kMaxModelFileBytes)) {
    return std::nullopt;
  }
  CAIRN_ASSIGN_OR_RETURN(const std::string bytes, read(*file, file->size_bytes));
  const auto parsed = model::ParseModel(bytes);
  if (!parsed.ok()) return std::nullopt;
  return ToSignature(*parsed);
}

}  // namespace cairn::evaluation
