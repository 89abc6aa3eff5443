#ifndef CAIRN_TESTS_UNIT_PIPELINE_REPORT_SAMPLE_REPORT_H_
#define CAIRN_TESTS_UNIT_PIPELINE_REPORT_SAMPLE_REPORT_H_

#include "pipeline/report/report_data.h"

namespace cairn::pipeline {

// A report like that of a real run, made of random numbers of one seed: fifteen features, a year
// of months, 4,362 customers, 55 training runs. Everything is measured.
ReportData SampleReport(int segments = 4, int customers = 4362);

// The same where every text of the data is `text`.
ReportData ReportOfTexts(const std::string& text);

// What may come from a run that failed half-way or from a hostile file: nothing at all, one
// segment, two, forty, vectors shorter than their neighbours, NaN and infinities everywhere.
std::vector<ReportData> DegenerateReports();

}  // namespace cairn::pipeline

#endif  // CAIRN_TESTS_UNIT_PIPELINE_REPORT_SAMPLE_REPORT_H_
