#ifndef CAIRN_LIB_PROMOTION_METRIC_REGISTRY_H_
#define CAIRN_LIB_PROMOTION_METRIC_REGISTRY_H_

#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cairn::promotion {

// Which values of a metric are better.
enum class Direction { kHigher, kLower };

// A metric that a policy may name: one of those that are built in, or one that the policy declares.
// Nothing else, so that a misspelt threshold is refused when a policy is applied and not missed
// when it matters. A plain value.
// The share of agreement between fits with other seeds, which the server measures only where it is
// asked for.
inline constexpr std::string_view kStabilityMetric = "stability_ari";

struct MetricInfo {
  std::string name;
  // Which values are better; none for a plain count.
  std::optional<Direction> direction;
  // The values it can take. A band outside them is refused, and a value outside them is an error of
  // who measured it.
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  // It falls or rises with the number of clusters by itself, so it compares
  // only between models with the same number.
  bool depends_on_k = false;
  // It describes a candidate and its champion together; the server measures it. Without a champion
  // there is none.
  bool of_pair = false;
  // For people: "ms". Empty for plain numbers.
  std::string unit;
  friend bool operator==(const MetricInfo&, const MetricInfo&) = default;
};

// The metrics that a policy declares, by name.
using MetricMap = std::map<std::string, MetricInfo, std::less<>>;

// The metrics that are built in, sorted by name. Lives as long as the process.
std::span<const MetricInfo> KnownMetrics();

// The metric called `name`, built in or declared; null if there is none. Lives as long as
// `declared`.
const MetricInfo* FindMetric(std::string_view name, const MetricMap& declared = {});

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_METRIC_REGISTRY_H_
