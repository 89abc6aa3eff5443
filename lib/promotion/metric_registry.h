#ifndef CAIRN_LIB_PROMOTION_METRIC_REGISTRY_H_
#define CAIRN_LIB_PROMOTION_METRIC_REGISTRY_H_

#include <limits>
#include <optional>
#include <span>
#include <string_view>

namespace cairn::promotion {

// Which values of a metric are better.
enum class Direction { kHigher, kLower };

// A metric that a policy may name. The list is closed, so that a misspelt
// threshold is refused when a policy is applied and not missed when it matters.
struct MetricInfo {
  std::string_view name;
  // Which values are better; none for a plain count.
  std::optional<Direction> direction;
  // The values it can take; a band outside them is refused.
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  // It falls or rises with the number of clusters by itself, so it compares
  // only between models with the same number.
  bool depends_on_k = false;
  // It describes a candidate and its champion together; the server measures it. Without a champion
  // there is none.
  bool of_pair = false;
};

// Every known metric, sorted by name. Lives as long as the process.
std::span<const MetricInfo> KnownMetrics();

// The metric called `name`; null if there is none.
const MetricInfo* FindMetric(std::string_view name);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_METRIC_REGISTRY_H_
