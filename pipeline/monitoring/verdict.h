#ifndef CAIRN_PIPELINE_MONITORING_VERDICT_H_
#define CAIRN_PIPELINE_MONITORING_VERDICT_H_

#include <algorithm>
#include <string_view>

namespace cairn::pipeline {

// What a measurement of drift comes to. The order is that of gravity: the verdict of several is
// the gravest.
enum class DriftVerdict {
  kStable,   // As before.
  kWarning,  // Worth a look.
  kDrifted,  // No longer what the model was trained on: train again.
  kBroken,   // Not to be trained on: the data is damaged, or another shop's.
};

// "stable", "warning", "drifted", "broken": in drift.json, tags and tables.
constexpr std::string_view DriftVerdictName(DriftVerdict verdict) {
  switch (verdict) {
    case DriftVerdict::kStable:
      return "stable";
    case DriftVerdict::kWarning:
      return "warning";
    case DriftVerdict::kDrifted:
      return "drifted";
    case DriftVerdict::kBroken:
      break;
  }
  return "broken";
}

constexpr DriftVerdict Gravest(DriftVerdict a, DriftVerdict b) { return std::max(a, b); }

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_MONITORING_VERDICT_H_
