#ifndef CAIRN_PIPELINE_LIFECYCLE_BACKFILL_CHART_H_
#define CAIRN_PIPELINE_LIFECYCLE_BACKFILL_CHART_H_

#include <string>
#include <vector>

#include "pipeline/lifecycle/backfill.h"

namespace cairn::pipeline {

// backfill.svg: a replayed year in one picture, month by month. From the top: what was decided,
// which version serves and the verdict on drift; the largest stability index of a feature; the
// customers of each segment, their revenue, and the share that kept the name of their segment.
// Months without a model have no segments; what was not measured is left out. Pure: equal months
// give equal bytes.
std::string BackfillChart(const std::vector<BackfillMonth>& months);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_LIFECYCLE_BACKFILL_CHART_H_
