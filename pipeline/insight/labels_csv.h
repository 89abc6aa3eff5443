#ifndef CAIRN_PIPELINE_INSIGHT_LABELS_CSV_H_
#define CAIRN_PIPELINE_INSIGHT_LABELS_CSV_H_

// Reads labels.csv: which customer was in which segment of an earlier version.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace cairn::pipeline {

// Bounds of what is read, for files that come from a server.
inline constexpr size_t kMaxLabelsBytes = size_t{1} << 30;
inline constexpr size_t kMaxCustomerBytes = 1024;

// Customers as texts, in the order of the file, and beside each the number of its segment.
struct CustomerLabels {
  std::vector<std::string> customers;
  std::vector<int32_t> segments;
  int32_t k = 0;  // The largest number and one; 0 without customers.
};

// Reads text with the header `CustomerID,Segment`, compared without case, and one line for each
// customer. RFC 4180: fields may be quoted, with quotes doubled inside; lines end in LF or CRLF,
// the last may lack its end; blank lines and a byte order mark are skipped. Any bytes may be given.
// INVALID_ARGUMENT (DATA_MALFORMED, or TOO_LARGE for more than kMaxLabelsBytes) names the line and
// what is wrong: another header, a line of other than two fields, a quote that does not close or
// that text follows, a customer that is empty, too long or there twice, a segment that is no whole
// number below kMaxSegments.
absl::StatusOr<CustomerLabels> ReadLabelsCsv(std::string_view text);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_INSIGHT_LABELS_CSV_H_
