#include "lib/promotion/metric_registry.h"

#include <algorithm>
#include <array>

namespace cairn::promotion {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

constexpr std::array<MetricInfo, 13> kMetrics = {{
    {"ari", Direction::kHigher, -1, 1, false, true},
    {"calinski_harabasz", Direction::kHigher, 0, kInf},
    {"centroid_shift", Direction::kLower, 0, kInf, false, true},
    {"cluster_count", std::nullopt, 1, kInf},
    {"davies_bouldin", Direction::kLower, 0, kInf},
    {"explained_variance", Direction::kHigher, 0, 1},
    {"inertia", Direction::kLower, 0, kInf, true},
    {"label_churn", Direction::kLower, 0, 1, false, true},
    {"max_cluster_share", Direction::kLower, 0, 1},
    {"min_cluster_share", Direction::kHigher, 0, 1},
    {"psi_max", Direction::kLower, 0, kInf},
    {"silhouette", Direction::kHigher, -1, 1},
    {"stability_ari", Direction::kHigher, -1, 1},
}};

}  // namespace

std::span<const MetricInfo> KnownMetrics() { return kMetrics; }

const MetricInfo* FindMetric(std::string_view name) {
  const auto* it = std::find_if(kMetrics.begin(), kMetrics.end(),
                                [&](const MetricInfo& metric) { return metric.name == name; });
  return it == kMetrics.end() ? nullptr : it;
}

}  // namespace cairn::promotion
