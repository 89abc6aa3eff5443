#include "server/tracking/run_projection.h"

#include <algorithm>
#include <utility>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace cairn::tracking {
namespace {

using cairn::v1::Run;
using core::RunField;

// The choice that a field of Run stands for; null for all but the three maps.
KeyChoice* ChoiceOf(RunParts& parts, int field_number) {
  switch (field_number) {
    case Run::kParamsFieldNumber:
      return &parts.params;
    case Run::kTagsFieldNumber:
      return &parts.tags;
    case Run::kMetricsFieldNumber:
      return &parts.metrics;
    default:
      return nullptr;
  }
}

void AddPredicate(const core::RunPredicate& p, RunParts& parts) {
  for (const core::RunPredicate& child : p.children) AddPredicate(child, parts);
  switch (p.ref.field) {
    case RunField::kMetric:
    case RunField::kMetricMin:
    case RunField::kMetricMax:
      parts.metrics.keys.insert(p.ref.key);
      break;
    case RunField::kParam:
      parts.params.keys.insert(p.ref.key);
      break;
    case RunField::kTag:
      parts.tags.keys.insert(p.ref.key);
      break;
    default:
      break;  // in the run's own record
  }
}

template <typename Map>
void TrimMap(const KeyChoice& choice, Map& map) {
  if (choice.all) return;
  for (auto it = map.begin(); it != map.end();) {
    choice.Has(it->first) ? (void)++it : (void)(it = map.erase(it));
  }
}

void TrimMetrics(const KeyChoice& choice, Run& run) {
  if (choice.all) return;
  int kept = 0;
  for (int i = 0; i < run.metrics_size(); ++i) {
    if (!choice.Has(run.metrics(i).key())) continue;
    run.mutable_metrics()->SwapElements(kept, i);
    ++kept;
  }
  run.mutable_metrics()->DeleteSubrange(kept, run.metrics_size() - kept);
}

}  // namespace

void RunParts::AddFilter(const core::RunFilter& filter) {
  if (filter.root() != nullptr) AddPredicate(*filter.root(), *this);
}

RunProjection::RunProjection() {
  for (KeyChoice* choice : {&parts_.params, &parts_.tags, &parts_.metrics}) choice->all = true;
}

absl::StatusOr<RunProjection> RunProjection::Parse(std::string_view field,
                                                   const google::protobuf::FieldMask& mask) {
  RunProjection projection;
  if (mask.paths().empty()) return projection;
  projection.everything_ = false;
  projection.parts_ = {};
  for (const std::string& path : mask.paths()) {
    const size_t dot = path.find('.');
    const auto* descriptor = Run::descriptor()->FindFieldByName(path.substr(0, dot));
    KeyChoice* choice =
        descriptor == nullptr ? nullptr : ChoiceOf(projection.parts_, descriptor->number());
    const bool keyed = dot != std::string::npos;
    if (descriptor == nullptr || (keyed && (choice == nullptr || dot + 1 == path.size()))) {
      return InvalidField(ErrorReason::VALUE_INVALID, field, path,
                          "must name fields of Run, or params, tags or metrics with a key "
                          "(params.KEY)")
          .ToStatus();
    }
    if (choice == nullptr) {
      projection.fields_.insert(descriptor->number());
    } else if (keyed) {
      choice->keys.insert(path.substr(dot + 1));
    } else {
      choice->all = true;
    }
  }
  return projection;
}

bool RunProjection::only_name() const {
  const bool no_maps = parts_.params.nothing() && parts_.tags.nothing() && parts_.metrics.nothing();
  return no_maps && std::all_of(fields_.begin(), fields_.end(),
                                [](int field) { return field == Run::kNameFieldNumber; });
}

void RunProjection::Trim(Run& run) const {
  if (everything_) return;
  TrimMap(parts_.params, *run.mutable_params());
  TrimMap(parts_.tags, *run.mutable_tags());
  TrimMetrics(parts_.metrics, run);
  RunParts maps;
  const auto* descriptor = Run::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const int number = descriptor->field(i)->number();
    const bool kept = number == Run::kNameFieldNumber || fields_.count(number) != 0 ||
                      ChoiceOf(maps, number) != nullptr;
    if (!kept) Run::GetReflection()->ClearField(&run, descriptor->field(i));
  }
}

}  // namespace cairn::tracking
