#ifndef CAIRN_PIPELINE_REPORT_HTML_REPORT_H_
#define CAIRN_PIPELINE_REPORT_HTML_REPORT_H_

#include <span>
#include <string>

#include "pipeline/report/charts/charts.h"
#include "pipeline/report/report_data.h"

namespace cairn::pipeline {

// report.html: one file with everything in it. It asks for nothing from outside, and its
// Content-Security-Policy forbids it to; the only scripts that run are those with the hashes in
// it. Names from the data are text everywhere. Without scripts all is there but turning the cloud
// of points and picking lines; without WebGL the cloud stays flat. Pure: the same data gives the
// same bytes.
std::string RenderReport(const ReportData& data);

// The same with charts that were drawn before, from DrawCharts of the same data.
std::string RenderReport(const ReportData& data, std::span<const ChartFile> charts);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REPORT_HTML_REPORT_H_
