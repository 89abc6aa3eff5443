#ifndef CAIRN_LIB_PROMOTION_CHOOSE_KEY_H_
#define CAIRN_LIB_PROMOTION_CHOOSE_KEY_H_

#include <string>

#include "absl/status/statusor.h"
#include "lib/promotion/metric_registry.h"
#include "lib/promotion/yaml_tree.h"

namespace cairn::promotion {

// One key of the order in which surviving candidates are preferred: an item of
// `choose.order`. A plain value. Rounding down to multiples of `bucket` lets close
// values tie, so that the next key decides between them.
struct ChooseKey {
  enum class Source { kMetric, kParam, kVersion };
  Source source = Source::kMetric;
  std::string key;  // empty for kVersion
  Direction direction = Direction::kHigher;
  double bucket = 0;  // values compare as floor(x / bucket); 0 = as they are
  friend bool operator==(const ChooseKey&, const ChooseKey&) = default;
};

// POLICY_INVALID at the field at fault; also for a metric that changes with the number
// of clusters by itself, which ranks nothing. Pure. A version is preferred from the
// lowest number on unless the item says otherwise.
absl::StatusOr<ChooseKey> ReadChooseKey(const YamlField& item, const MetricMap& metrics);

// Appends the key as an item of the list; ReadChooseKey's inverse.
void RenderChooseKey(const ChooseKey& key, std::string& out);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_CHOOSE_KEY_H_
