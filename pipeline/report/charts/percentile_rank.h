#ifndef CAIRN_PIPELINE_REPORT_CHARTS_PERCENTILE_RANK_H_
#define CAIRN_PIPELINE_REPORT_CHARTS_PERCENTILE_RANK_H_

#include "pipeline/report/report_data.h"

namespace cairn::pipeline {

// The share 0..1 of all customers below `value` of a feature, ties counted half. It is read off
// the histogram of the feature over all segments, evenly within a bin; a value at either end of it
// is shared by many, and half of the bin is below. Where there is no histogram it is read off the
// five numbers of its summary, which is coarse beyond the quartiles. NaN where neither is
// there. `feature` is a place in SegmentProfiles::feature_names.
double PercentileRank(const ReportData& data, size_t feature, double value);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REPORT_CHARTS_PERCENTILE_RANK_H_
