#ifndef CAIRN_PIPELINE_REPORT_REPORT_CHECK_H_
#define CAIRN_PIPELINE_REPORT_REPORT_CHECK_H_

#include "absl/status/status.h"
#include "pipeline/report/report_data.h"

namespace cairn::pipeline {

// Whether the lists of a report that stand beside each other are equally long: features beside
// their names, bins beside their edges, matrices beside the features, points beside their
// segments, and whether segments that are named by number exist. Lists that are empty as a whole
// were not measured and are fine. INVALID_ARGUMENT (DATA_MALFORMED) names the first that is not.
absl::Status CheckReport(const ReportData& data);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REPORT_REPORT_CHECK_H_
