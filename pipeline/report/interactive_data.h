#ifndef CAIRN_PIPELINE_REPORT_INTERACTIVE_DATA_H_
#define CAIRN_PIPELINE_REPORT_INTERACTIVE_DATA_H_

#include <string>

#include "pipeline/report/report_data.h"

namespace cairn::pipeline {

// What the scripts of a report page draw, as JSON that may stand in a <script> element: no `<`
// or `&` is in it. Coordinates have three digits after the point.
//
//   {"segments": [name], "customers": [id], "points": [[x, y, z, segment, outlier 0|1]],
//    "axes": [{"name": label, "share": whether values are shares 0..1, "values": [number or
//    null]}], "runs": [name], "chosen": index or -1}
std::string InteractiveData(const ReportData& data);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REPORT_INTERACTIVE_DATA_H_
