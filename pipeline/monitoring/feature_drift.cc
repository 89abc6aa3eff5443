#include "pipeline/monitoring/feature_drift.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/clustering/scaler.h"
#include "lib/evaluation/two_samples.h"

namespace cairn::pipeline {
namespace {

// One column without what is missing, ascending.
struct SortedColumn {
  std::vector<double> values;
  double missing_share = 0;
};

SortedColumn Sorted(const FeatureMatrix& table, Eigen::Index column) {
  SortedColumn out;
  for (Eigen::Index i = 0; i < table.values.rows(); ++i) {
    if (std::isfinite(table.values(i, column))) out.values.push_back(table.values(i, column));
  }
  out.missing_share =
      1 - static_cast<double>(out.values.size()) / static_cast<double>(table.values.rows());
  std::sort(out.values.begin(), out.values.end());
  return out;
}

DriftVerdict Judge(double value, double warning, double drift) {
  if (value >= drift) return DriftVerdict::kDrifted;
  return value >= warning ? DriftVerdict::kWarning : DriftVerdict::kStable;
}

void Judge(const DriftLimits& limits, FeatureDrift* drift) {
  const auto add = [drift](DriftVerdict verdict, const std::string& says) {
    if (verdict == DriftVerdict::kStable) return;
    drift->verdict = Gravest(drift->verdict, verdict);
    drift->reason += (drift->reason.empty() ? "" : "; ") + says;
  };
  const DriftVerdict moved = std::min(Judge(drift->psi, limits.psi_warning, limits.psi_drift),
                                      Judge(drift->ks, limits.ks_warning, limits.ks_drift));
  add(moved, fmt::format("PSI {:.3f} and KS {:.3f}, median {:.4g} before and {:.4g} now",
                         drift->psi, drift->ks, drift->reference_median, drift->current_median));
  add(Judge(drift->out_of_range_share, limits.out_of_range_warning, limits.out_of_range_drift),
      fmt::format("{:.1f} % outside the range of the reference", 100 * drift->out_of_range_share));
  add(Judge(drift->missing_share, limits.missing_warning, limits.missing_drift),
      fmt::format("{:.1f} % missing", 100 * drift->missing_share));
}

FeatureDrift Compare(const std::string& name, const SortedColumn& reference,
                     const SortedColumn& current, const DriftLimits& limits) {
  FeatureDrift out;
  out.feature = name;
  out.missing_share = current.missing_share;
  if (reference.values.empty() || current.values.empty()) {
    out.verdict = DriftVerdict::kDrifted;
    out.reason = reference.values.empty() ? "the reference has no value" : "there is no value";
    return out;
  }
  const auto test = evaluation::KolmogorovSmirnov(reference.values, current.values);
  out.psi = evaluation::StabilityIndexOf(reference.values, current.values);
  out.ks = test.statistic;
  out.p_value = test.p_value;
  out.out_of_range_share = evaluation::OutOfRangeShare(reference.values, current.values);
  out.reference_median = clustering::Percentile(reference.values, 50);
  out.current_median = clustering::Percentile(current.values, 50);
  Judge(limits, &out);
  return out;
}

absl::Status CheckRows(const FeatureMatrix& table, std::string_view field) {
  if (table.values.rows() > 0) return absl::OkStatus();
  return InvalidField(ErrorReason::DATA_MALFORMED, field, "0 rows", "must have customers")
      .ToStatus();
}

}  // namespace

absl::StatusOr<DriftReport> MeasureDrift(const FeatureMatrix& reference,
                                         const FeatureMatrix& current, const DriftLimits& limits) {
  CAIRN_RETURN_IF_ERROR(CheckRows(reference, "reference"));
  CAIRN_RETURN_IF_ERROR(CheckRows(current, "current"));
  DriftReport report;
  report.reference_rows = reference.values.rows();
  report.current_rows = current.values.rows();
  for (size_t j = 0; j < reference.columns.size(); ++j) {
    const std::string& name = reference.columns[j];
    const auto found = std::find(current.columns.begin(), current.columns.end(), name);
    if (found == current.columns.end()) {
      return InvalidField(ErrorReason::COLUMN_MISSING, "current", name,
                          "is a column of the reference that the current customers lack")
          .ToStatus();
    }
    const FeatureDrift drift = Compare(name, Sorted(reference, static_cast<Eigen::Index>(j)),
                                       Sorted(current, found - current.columns.begin()), limits);
    report.psi_max = std::max(report.psi_max, drift.psi);
    report.ks_max = std::max(report.ks_max, drift.ks);
    report.verdict = Gravest(report.verdict, drift.verdict);
    report.features.push_back(drift);
  }
  return report;
}

std::string DriftTable(const DriftReport& report) {
  std::vector<FeatureDrift> rows = report.features;
  std::stable_sort(rows.begin(), rows.end(), [](const FeatureDrift& a, const FeatureDrift& b) {
    return a.verdict != b.verdict ? a.verdict > b.verdict : a.psi > b.psi;
  });
  std::string out =
      fmt::format("{:<31}{:>8}{:>8}{:>10}{:>10}{:>9}{:>12}{:>12}  {}\n", "feature", "PSI", "KS",
                  "p", "outside", "missing", "median was", "median now", "verdict");
  for (const FeatureDrift& row : rows) {
    out += fmt::format(
        "{:<31}{:>8.3f}{:>8.3f}{:>10.2g}{:>8.1f} %{:>7.1f} %{:>12.4g}{:>12.4g}  {}\n", row.feature,
        row.psi, row.ks, row.p_value, 100 * row.out_of_range_share, 100 * row.missing_share,
        row.reference_median, row.current_median, DriftVerdictName(row.verdict));
  }
  return out;
}

}  // namespace cairn::pipeline
