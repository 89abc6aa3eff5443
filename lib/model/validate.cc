#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "lib/base/encoding.h"
#include "lib/base/status_macros.h"
#include "lib/model/model_error.h"
#include "lib/model/model_file.h"

namespace cairn::model {
namespace {

absl::Status BadShape(std::string_view field, std::string_view says) {
  return ModelError(kModelKindShape, fmt::format("{}: {}", field, says)).With("field", field);
}

absl::Status BadValue(std::string_view field, std::string_view says) {
  return ModelError(kModelKindValue, fmt::format("{}: {}", field, says)).With("field", field);
}

absl::Status CheckFinite(std::string_view field, double value) {
  if (std::isfinite(value)) return absl::OkStatus();
  return BadValue(field, fmt::format("{} is not a finite number", ShortestDouble(value)));
}

template <typename Values>
absl::Status CheckAllFinite(std::string_view field, const Values& values) {
  for (int i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) return CheckFinite(fmt::format("{}.{}", field, i), values[i]);
  }
  return absl::OkStatus();
}

absl::Status CheckEdges(const std::string& field, const SegmentationModel::Feature& feature) {
  if (feature.decile_edges_size() == 0) return absl::OkStatus();
  if (feature.decile_edges_size() != 9) {
    return BadShape(field, fmt::format("{} edges, there must be 9", feature.decile_edges_size()));
  }
  CAIRN_RETURN_IF_ERROR(CheckAllFinite(field, feature.decile_edges()));
  for (int i = 1; i < feature.decile_edges_size(); ++i) {
    if (feature.decile_edges(i) < feature.decile_edges(i - 1)) {
      return BadValue(field, "edges do not ascend");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckEdgeShares(const std::string& field, const SegmentationModel::Feature& feature) {
  const auto& shares = feature.edge_shares();
  if (shares.empty()) return absl::OkStatus();
  if (shares.size() != feature.decile_edges_size()) {
    return BadShape(
        field, fmt::format("{} shares for {} edges", shares.size(), feature.decile_edges_size()));
  }
  double before = 0;
  for (const double share : shares) {
    if (!(share >= before) || share > 1) {
      return BadValue(field, fmt::format("{} does not ascend from 0 to 1", ShortestDouble(share)));
    }
    before = share;
  }
  return absl::OkStatus();
}

absl::Status CheckQuantiles(const std::string& field, const SegmentationModel::Feature& feature) {
  const auto& quantiles = feature.quantiles();
  if (quantiles.size() < 2) {
    return BadShape(field, fmt::format("{} values, there must be at least 2", quantiles.size()));
  }
  CAIRN_RETURN_IF_ERROR(CheckAllFinite(field, quantiles));
  return std::is_sorted(quantiles.begin(), quantiles.end()) ? absl::OkStatus()
                                                            : BadValue(field, "do not ascend");
}

absl::Status CheckTransform(const std::string& field, const SegmentationModel::Feature& feature) {
  if (feature.transform() == SegmentationModel::Feature::QUANTILE) {
    return CheckQuantiles(field + ".quantiles", feature);
  }
  if (!feature.quantiles().empty()) {
    return BadShape(field + ".quantiles", "belong to the transform QUANTILE");
  }
  if (feature.transform() == SegmentationModel::Feature::IDENTITY ||
      feature.transform() == SegmentationModel::Feature::SIGNED_LOG) {
    return absl::OkStatus();
  }
  return BadValue(field + ".transform",
                  fmt::format("{} is not a transform", static_cast<int>(feature.transform())));
}

absl::Status CheckFeature(const std::string& field, const SegmentationModel::Feature& feature) {
  CAIRN_RETURN_IF_ERROR(CheckTransform(field, feature));
  if (feature.row_norm_group() < 0) {
    return BadValue(field + ".row_norm_group", "must not be negative");
  }
  for (const auto& [name, value] : {std::pair<const char*, double>{"center", feature.center()},
                                    {"scale", feature.scale()},
                                    {"min", feature.min()},
                                    {"max", feature.max()},
                                    {"mean", feature.mean()}}) {
    CAIRN_RETURN_IF_ERROR(CheckFinite(field + "." + name, value));
  }
  if (feature.scale() == 0) return BadValue(field + ".scale", "must not be 0");
  if (feature.min() > feature.max()) return BadValue(field + ".min", "is above max");
  CAIRN_RETURN_IF_ERROR(CheckEdges(field + ".decile_edges", feature));
  return CheckEdgeShares(field + ".edge_shares", feature);
}

absl::Status CheckFeatures(const SegmentationModel& model) {
  if (model.features().empty()) return BadShape("features", "there are none");
  if (model.features_size() > kMaxModelFeatures) {
    return BadShape("features",
                    fmt::format("{}, the limit is {}", model.features_size(), kMaxModelFeatures));
  }
  std::set<std::string_view> names;
  for (int i = 0; i < model.features_size(); ++i) {
    const std::string field = fmt::format("features.{}", i);
    const auto& feature = model.features(i);
    if (feature.name().empty()) return BadShape(field + ".name", "is empty");
    if (!names.insert(feature.name()).second) {
      return BadShape(field + ".name", fmt::format("`{}` is there twice", feature.name()));
    }
    CAIRN_RETURN_IF_ERROR(CheckFeature(field, feature));
  }
  return absl::OkStatus();
}

// Checks the projection and sets *dimensions to the number of components.
absl::Status CheckProjection(const SegmentationModel& model, int64_t* dimensions) {
  const int64_t features = model.features_size();
  *dimensions = features;
  if (!model.has_projection()) return absl::OkStatus();
  const auto& projection = model.projection();
  if (projection.mean_size() != features) {
    return BadShape("projection.mean",
                    fmt::format("{} values for {} features", projection.mean_size(), features));
  }
  if (projection.components_size() == 0 || projection.components_size() % features != 0) {
    return BadShape("projection.components", fmt::format("{} values do not make rows of {}",
                                                         projection.components_size(), features));
  }
  *dimensions = projection.components_size() / features;
  const int ratios = projection.explained_variance_ratio_size();
  if (*dimensions > features || (ratios != 0 && ratios != *dimensions)) {
    return BadShape("projection", fmt::format("{} components of {} features with {} ratios",
                                              *dimensions, features, ratios));
  }
  CAIRN_RETURN_IF_ERROR(CheckAllFinite("projection.mean", projection.mean()));
  CAIRN_RETURN_IF_ERROR(CheckAllFinite("projection.components", projection.components()));
  return CheckAllFinite("projection.explained_variance_ratio",
                        projection.explained_variance_ratio());
}

absl::Status CheckClusters(const SegmentationModel& model, int64_t dimensions) {
  const int64_t clusters = model.cluster_count();
  if (clusters < 1 || clusters > kMaxModelClusters) {
    return BadShape("cluster_count",
                    fmt::format("{} is outside 1..{}", clusters, kMaxModelClusters));
  }
  if (model.centers_size() != clusters * dimensions) {
    return BadShape("centers", fmt::format("{} values for {} segments of {} components",
                                           model.centers_size(), clusters, dimensions));
  }
  CAIRN_RETURN_IF_ERROR(CheckAllFinite("centers", model.centers()));
  if (model.training_row_count() < 0) return BadValue("training_row_count", "is negative");
  if (model.cluster_sizes_size() == 0) return absl::OkStatus();
  if (model.cluster_sizes_size() != clusters) {
    return BadShape("cluster_sizes",
                    fmt::format("{} values for {} segments", model.cluster_sizes_size(), clusters));
  }
  int64_t left = model.training_row_count();
  for (const int64_t size : model.cluster_sizes()) {
    if (size < 0 || size > left) return BadValue("cluster_sizes", "do not add up to the rows");
    left -= size;
  }
  return left == 0 ? absl::OkStatus() : BadValue("cluster_sizes", "do not add up to the rows");
}

absl::Status CheckSegments(const SegmentationModel& model) {
  if (model.segments().empty()) return absl::OkStatus();
  if (model.segments_size() != model.cluster_count()) {
    return BadShape("segments",
                    fmt::format("{} of {}", model.segments_size(), model.cluster_count()));
  }
  std::set<std::string_view> names;
  for (int i = 0; i < model.segments_size(); ++i) {
    const std::string field = fmt::format("segments.{}", i);
    const auto& segment = model.segments(i);
    if (segment.name().empty()) return BadShape(field + ".name", "is empty");
    if (!names.insert(segment.name()).second) {
      return BadShape(field + ".name", fmt::format("`{}` is there twice", segment.name()));
    }
    CAIRN_RETURN_IF_ERROR(CheckFinite(field + ".customer_share", segment.customer_share()));
    CAIRN_RETURN_IF_ERROR(CheckFinite(field + ".spend_share", segment.spend_share()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateModel(const SegmentationModel& model) {
  if (model.algorithm() != "kmeans") {
    return BadValue("algorithm", fmt::format("`{}` is not known, `kmeans` is", model.algorithm()));
  }
  CAIRN_RETURN_IF_ERROR(CheckFeatures(model));
  int64_t dimensions = 0;
  CAIRN_RETURN_IF_ERROR(CheckProjection(model, &dimensions));
  CAIRN_RETURN_IF_ERROR(CheckClusters(model, dimensions));
  CAIRN_RETURN_IF_ERROR(CheckSegments(model));
  for (const auto& [key, value] : model.metrics()) {
    CAIRN_RETURN_IF_ERROR(CheckFinite("metrics." + key, value));
  }
  return absl::OkStatus();
}

}  // namespace cairn::model
