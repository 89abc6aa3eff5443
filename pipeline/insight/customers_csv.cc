#include "pipeline/insight/customers_csv.h"

#include <charconv>
#include <iterator>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/table_csv.h"
#include "pipeline/insight/segment_rows.h"

namespace cairn::pipeline {
namespace {

absl::Status CheckLength(const char* field, size_t size, size_t customers, bool may_be_empty) {
  if (size == customers || (may_be_empty && size == 0)) return absl::OkStatus();
  return InvalidField(ErrorReason::VALUE_INVALID, field, std::to_string(size),
                      fmt::format("must have one entry for each of {} customers", customers));
}

absl::Status CheckCustomersInput(const CustomersInput& input) {
  const size_t customers = input.features.customer_ids.size();
  const int k = static_cast<int>(input.segment_names.size());
  CAIRN_RETURN_IF_ERROR(CheckSegments(input.segments, customers, k, "segments"));
  CAIRN_RETURN_IF_ERROR(
      CheckLength("second_segments", input.second_segments.size(), customers, true));
  CAIRN_RETURN_IF_ERROR(CheckLength("silhouettes", input.silhouettes.size(), customers, true));
  if (input.recommendations != nullptr) {
    CAIRN_RETURN_IF_ERROR(CheckLength("recommendations", input.recommendations->of_customer.size(),
                                      customers, false));
  }
  for (const int32_t segment : input.second_segments) {
    if (segment >= -1 && segment < k) continue;
    return InvalidField(ErrorReason::VALUE_INVALID, "second_segments", std::to_string(segment),
                        fmt::format("must be -1..{}", k - 1));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<bool>> OutlierFlags(std::span<const int32_t> rows, size_t customers) {
  std::vector<bool> flags(customers, false);
  for (const int32_t row : rows) {
    if (row < 0 || static_cast<size_t>(row) >= customers) {
      return InvalidField(ErrorReason::VALUE_INVALID, "outlier_rows", std::to_string(row),
                          fmt::format("must be a row of {} customers", customers))
          .ToStatus();
    }
    flags[static_cast<size_t>(row)] = true;
  }
  return flags;
}

void AppendWhole(int32_t value, std::string* out) {
  char buffer[12];
  const auto [end, error] = std::to_chars(std::begin(buffer), std::end(buffer), value);
  out->append(buffer, end);
}

void AppendCustomerRow(const CustomersInput& input, size_t row, bool outlier, std::string* out) {
  AppendCustomer(input.features.customer_ids[row], input.features.customer_names, out);
  out->push_back(',');
  AppendWhole(input.segments[row], out);
  out->push_back(',');
  AppendCsvField(input.segment_names[static_cast<size_t>(input.segments[row])], out);
  out->push_back(',');
  if (!input.second_segments.empty() && input.second_segments[row] >= 0) {
    AppendWhole(input.second_segments[row], out);
  }
  out->push_back(',');
  if (!input.silhouettes.empty()) AppendCsvNumber(input.silhouettes[row], out);
  out->append(outlier ? ",1" : ",0");
  for (size_t rank = 0; rank < kRecommendations; ++rank) {
    out->push_back(',');
    if (input.recommendations == nullptr) continue;
    const RecommendedProduct* product = input.recommendations->At(row, rank);
    if (product != nullptr) AppendCsvField(product->code, out);
  }
  out->push_back('\n');
}

}  // namespace

absl::StatusOr<std::string> CustomersCsv(const CustomersInput& input) {
  constexpr size_t kLongCustomerRow = 96;
  CAIRN_RETURN_IF_ERROR(CheckCustomersInput(input));
  const size_t customers = input.features.customer_ids.size();
  CAIRN_ASSIGN_OR_RETURN(const std::vector<bool> outliers,
                         OutlierFlags(input.outlier_rows, customers));
  std::string out(kCustomersHeader);
  out.reserve((customers + 2) * kLongCustomerRow);
  out.push_back('\n');
  for (size_t row = 0; row < customers; ++row) AppendCustomerRow(input, row, outliers[row], &out);
  return out;
}

}  // namespace cairn::pipeline
