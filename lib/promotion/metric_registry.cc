#include "lib/promotion/metric_registry.h"

#include <array>

namespace cairn::promotion {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

// Made on first use, so that policies may be parsed before main.
const std::array<MetricInfo, 13>& BuiltIn() {
  static const std::array<MetricInfo, 13> metrics = {{
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
      {std::string(kStabilityMetric), Direction::kHigher, -1, 1},
  }};
  return metrics;
}

}  // namespace

std::span<const MetricInfo> KnownMetrics() { return BuiltIn(); }

const MetricInfo* FindMetric(std::string_view name, const MetricMap& declared) {
  for (const MetricInfo& metric : BuiltIn()) {
    if (metric.name == name) return &metric;
  }
  const auto it = declared.find(name);
  return it == declared.end() ? nullptr : &it->second;
}

}  // namespace cairn::promotion
