#include "lib/model/digests.h"

#include <bit>
#include <cstdint>

#include "lib/base/digest.h"

namespace cairn::model {
namespace {

// Length-prefixed fields, little-endian: no two lists of fields give the same bytes.
class CanonicalBytes {
 public:
  void Text(std::string_view text) {
    Integer(static_cast<int64_t>(text.size()));
    bytes_.append(text.data(), text.size());
  }
  void Integer(int64_t value) {
    const auto bits = static_cast<uint64_t>(value);
    for (int shift = 0; shift < 64; shift += 8) {
      bytes_.push_back(static_cast<char>((bits >> shift) & 0xFF));
    }
  }
  // Adding 0 turns -0 into 0: equal numbers are equal bytes.
  void Number(double value) { Integer(std::bit_cast<int64_t>(value + 0.0)); }
  template <typename Values>
  void Numbers(const Values& values) {
    Integer(values.size());
    for (const double value : values) Number(value);
  }
  std::string Sha256() const { return Sha256Hex(bytes_); }

 private:
  std::string bytes_;
};

}  // namespace

std::string EvaluationSpaceDigest(const cairn::v1::SegmentationModel& model,
                                  std::string_view outlier_treatment) {
  CanonicalBytes bytes;
  bytes.Text("cairn.evaluation_space.v1");
  bytes.Integer(model.features_size());
  for (const auto& feature : model.features()) {
    bytes.Text(feature.name());
    bytes.Integer(feature.transform());
    bytes.Integer(feature.row_norm_group());
    bytes.Number(feature.center());
    bytes.Number(feature.scale());
    if (!feature.quantiles().empty()) bytes.Numbers(feature.quantiles());
  }
  bytes.Integer(model.has_projection() ? 1 : 0);
  bytes.Numbers(model.projection().mean());
  bytes.Numbers(model.projection().components());
  bytes.Text(outlier_treatment);
  return bytes.Sha256();
}

std::string PreparationDigest(const cairn::v1::SegmentationModel& model,
                              std::string_view outlier_treatment) {
  CanonicalBytes bytes;
  bytes.Text("cairn.preparation.v1");
  bytes.Integer(model.features_size());
  for (const auto& feature : model.features()) {
    bytes.Text(feature.name());
    bytes.Integer(feature.transform());
    bytes.Integer(feature.row_norm_group());
    bytes.Integer(feature.center() != 0 || feature.scale() != 1 ? 1 : 0);
  }
  const auto scaling = model.params().find("scaling");
  bytes.Text(scaling == model.params().end() ? "" : scaling->second);
  const int features = model.features_size();
  bytes.Integer(
      model.has_projection() && features > 0 ? model.projection().components_size() / features : 0);
  bytes.Text(outlier_treatment);
  return bytes.Sha256();
}

std::string FeatureSchemaDigest(std::span<const std::string> names, std::string_view definition) {
  CanonicalBytes bytes;
  bytes.Text("cairn.feature_schema.v1");
  bytes.Integer(static_cast<int64_t>(names.size()));
  for (const std::string& name : names) bytes.Text(name);
  bytes.Text(definition);
  return bytes.Sha256();
}

}  // namespace cairn::model
