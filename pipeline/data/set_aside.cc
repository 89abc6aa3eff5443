#include "pipeline/data/set_aside.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "fmt/format.h"
#include "pipeline/data/input_error.h"

namespace cairn::pipeline {
namespace {

double SpendOf(const TransactionColumns& columns, uint32_t row) {
  return std::abs((*columns.quantity)[row] * (*columns.unit_price)[row]);
}

// 0 when there is no whole, or none that a double can hold.
double Share(double part, double whole) {
  return whole > 0 && std::isfinite(whole) ? part / whole : 0;
}

double RowShare(const SetAsideReport& report, uint64_t rows) {
  return Share(static_cast<double>(rows), static_cast<double>(report.rows_read));
}

std::string Line(const SetAsideReport& report, std::string_view what, uint64_t rows, double spend) {
  return fmt::format("set aside: {}: {} rows ({:.2f} %), {:.2f} % of spend", what, rows,
                     100 * RowShare(report, rows), 100 * Share(spend, report.spend));
}

// What cleaning did, without rows that could not be read.
SetAside Cleaned(const SetAsideReport& report) {
  SetAside sum;
  for (const SetAside& one : report.reasons) {
    if (one.rule == kRejectRule) continue;
    sum.rows += one.rows;
    sum.spend += one.spend;
  }
  return sum;
}

}  // namespace

double GrossSpend(const TransactionTable& table) {
  double sum = 0;
  for (const uint32_t row : table.selection()) sum += SpendOf(table.columns(), row);
  return sum;
}

std::vector<SetAside> SetAsideBetween(const TransactionTable& before, const TransactionTable& after,
                                      std::string_view rule, std::string_view reason) {
  if (before.rows() == after.rows()) return {};
  SetAside out{std::string(rule), std::string(reason)};
  const std::span<const uint32_t> kept = after.selection();
  size_t next = 0;
  for (const uint32_t row : before.selection()) {
    if (next < kept.size() && kept[next] == row) {
      ++next;
      continue;
    }
    ++out.rows;
    out.spend += SpendOf(before.columns(), row);
  }
  return {out};
}

std::vector<std::string> DescribeSetAside(const SetAsideReport& report) {
  std::vector<std::string> lines;
  uint64_t rows = 0;
  double spend = 0;
  for (const SetAside& one : report.reasons) {
    rows += one.rows;
    spend += one.spend;
    if (one.rule == kRejectRule) {
      lines.push_back(fmt::format("set aside: {}: {} rows ({:.2f} %), their spend is not known",
                                  one.reason, one.rows, 100 * RowShare(report, one.rows)));
    } else {
      lines.push_back(Line(report, one.reason, one.rows, one.spend));
    }
  }
  lines.push_back(Line(report, "in all", rows, spend));
  return lines;
}

absl::Status CheckSetAside(const SetAsideReport& report, double max_share) {
  const SetAside sum = Cleaned(report);
  const double rows = RowShare(report, sum.rows);
  const double spend = Share(sum.spend, report.spend);
  if (std::max(rows, spend) <= max_share) return absl::OkStatus();
  // The reason that did most, by whichever share passes the limit.
  const bool by_rows = rows > max_share;
  const SetAside* most = nullptr;
  for (const SetAside& one : report.reasons) {
    if (one.rule == kRejectRule) continue;
    if (most == nullptr || (by_rows ? one.rows > most->rows : one.spend > most->spend)) {
      most = &one;
    }
  }
  return InputError(
      absl::StatusCode::kInvalidArgument, kTooManySetAside,
      fmt::format("cleaning set aside {:.1f} % of the rows and {:.1f} % of the spend, more than "
                  "the allowed {:.1f} %; most by the rule {} ({}: {} of {} rows). If that is "
                  "right for this input, raise cleaning.max_set_aside_share",
                  100 * rows, 100 * spend, 100 * max_share, most->rule, most->reason, most->rows,
                  report.rows_read),
      most->rule);
}

}  // namespace cairn::pipeline
