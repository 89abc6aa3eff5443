#ifndef CAIRN_PIPELINE_REPORT_REPORT_JSON_H_
#define CAIRN_PIPELINE_REPORT_REPORT_JSON_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "pipeline/report/report_data.h"

namespace cairn::pipeline {

// report.json: a report's data as one JSON object, whose keys are the names of the fields.
//
// Doubles are written so that reading gives the same bits back; NaN and infinities are null, and
// null is NaN. Text that is no UTF-8 has U+FFFD for what is wrong. The same data gives the same
// bytes. What a format leaves out when an optional is empty is null.

// The number under "format". One above it was written by a newer program.
inline constexpr int kReportFormat = 1;

std::string ReportJson(const ReportData& data);

// Reads what ReportJson wrote. Unknown keys are passed over, missing ones are errors: a report
// with silently empty parts would be believed. Counts must be whole numbers from 0 to 2^53, and
// lists that stand beside each other must be equally long, so that no reader needs to look twice.
// INVALID_ARGUMENT (DATA_MALFORMED) names the place (`profiles.segments[2].spend`), or says that a
// newer program wrote it. Time and memory are bounded by the length of `text`.
absl::StatusOr<ReportData> ParseReportJson(std::string_view text);

// profiles.json: what stands under "profiles" in report.json, with "format" besides.
std::string ProfilesJson(const SegmentProfiles& profiles);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REPORT_REPORT_JSON_H_
