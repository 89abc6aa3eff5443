#include "pipeline/monitoring/drift_json.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace cairn::pipeline {
namespace {

using Json = nlohmann::ordered_json;

// JSON has no number for what was not measured.
Json NumberOrNull(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json BatchObject(const BatchReport& batch) {
  const BatchFigures& figures = batch.figures;
  Json findings = Json::array();
  for (const BatchFinding& finding : batch.findings) {
    findings.push_back({{"check", finding.check},
                        {"observed", NumberOrNull(finding.observed)},
                        {"expected", NumberOrNull(finding.expected)},
                        {"says", finding.says}});
  }
  return {{"name", figures.name},
          {"rows", figures.rows},
          {"trading_days", figures.trading_days},
          {"invoices", figures.invoices},
          {"rows_per_day", NumberOrNull(figures.rows_per_day)},
          {"lines_per_invoice", NumberOrNull(figures.lines_per_invoice)},
          {"invoice_density", NumberOrNull(figures.invoice_density)},
          {"median_price", NumberOrNull(figures.median_price)},
          {"missing_customer_share", NumberOrNull(figures.missing_customer_share)},
          {"cancelled_share", NumberOrNull(figures.cancelled_share)},
          {"verdict", DriftVerdictName(batch.verdict)},
          {"findings", std::move(findings)}};
}

Json FeaturesObject(const DriftReport& report) {
  Json features = Json::array();
  for (const FeatureDrift& one : report.features) {
    features.push_back({{"feature", one.feature},
                        {"psi", NumberOrNull(one.psi)},
                        {"ks", NumberOrNull(one.ks)},
                        {"p_value", NumberOrNull(one.p_value)},
                        {"out_of_range_share", NumberOrNull(one.out_of_range_share)},
                        {"missing_share", NumberOrNull(one.missing_share)},
                        {"reference_median", NumberOrNull(one.reference_median)},
                        {"current_median", NumberOrNull(one.current_median)},
                        {"verdict", DriftVerdictName(one.verdict)},
                        {"reason", one.reason}});
  }
  return {{"reference_rows", report.reference_rows},     {"current_rows", report.current_rows},
          {"psi_max", NumberOrNull(report.psi_max)},     {"ks_max", NumberOrNull(report.ks_max)},
          {"verdict", DriftVerdictName(report.verdict)}, {"features", std::move(features)}};
}

Json DecayObject(const IndexDecay& decay) {
  return {{"silhouette_then", NumberOrNull(decay.silhouette_then)},
          {"silhouette_now", NumberOrNull(decay.silhouette_now)},
          {"davies_bouldin_then", NumberOrNull(decay.davies_bouldin_then)},
          {"davies_bouldin_now", NumberOrNull(decay.davies_bouldin_now)},
          {"verdict", DriftVerdictName(decay.verdict)},
          {"reason", decay.reason}};
}

Json ShiftObject(const SegmentShift& shift) {
  return {{"label_churn", NumberOrNull(shift.label_churn)},
          {"centroid_shift", NumberOrNull(shift.centroid_shift)},
          {"agreement", NumberOrNull(shift.agreement)},
          {"verdict", DriftVerdictName(shift.verdict)},
          {"reason", shift.reason}};
}

Json LimitsObject(const MonitoringLimits& limits) {
  Json out = Json::object();
  for (const auto& [key, value] : LimitValues(limits)) out[key] = value;
  return out;
}

}  // namespace

DriftVerdict VerdictOf(const DriftFindings& findings) {
  DriftVerdict verdict = DriftVerdict::kStable;
  if (findings.batch) verdict = Gravest(verdict, findings.batch->verdict);
  if (findings.features) verdict = Gravest(verdict, findings.features->verdict);
  if (findings.decay) verdict = Gravest(verdict, findings.decay->verdict);
  if (findings.shift) verdict = Gravest(verdict, findings.shift->verdict);
  return verdict;
}

std::vector<std::string> ReasonsOf(const DriftFindings& findings) {
  std::vector<std::string> out;
  if (findings.batch) {
    for (const BatchFinding& finding : findings.batch->findings) {
      out.push_back(fmt::format("{}: {}", finding.check, finding.says));
    }
  }
  for (const DriftVerdict grave : {DriftVerdict::kDrifted, DriftVerdict::kWarning}) {
    if (findings.decay && findings.decay->verdict == grave) out.push_back(findings.decay->reason);
    if (findings.shift && findings.shift->verdict == grave) out.push_back(findings.shift->reason);
    if (!findings.features) continue;
    for (const FeatureDrift& one : findings.features->features) {
      if (one.verdict == grave) out.push_back(fmt::format("{}: {}", one.feature, one.reason));
    }
  }
  return out;
}

std::string DriftJson(const DriftFindings& findings) {
  const Json out = {
      {"verdict", DriftVerdictName(VerdictOf(findings))},
      {"reasons", ReasonsOf(findings)},
      {"batch", findings.batch ? BatchObject(*findings.batch) : Json(nullptr)},
      {"features", findings.features ? FeaturesObject(*findings.features) : Json(nullptr)},
      {"decay", findings.decay ? DecayObject(*findings.decay) : Json(nullptr)},
      {"shift", findings.shift ? ShiftObject(*findings.shift) : Json(nullptr)},
      {"limits", LimitsObject(findings.limits)}};
  // Names of countries may be any text the file had.
  return out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::vector<std::pair<std::string, double>> DriftMetrics(const DriftFindings& findings) {
  std::vector<std::pair<std::string, double>> out = {
      {"drift_verdict", static_cast<double>(VerdictOf(findings))}};
  if (findings.batch) {
    out.emplace_back("batch_findings", static_cast<double>(findings.batch->findings.size()));
  }
  if (findings.features) {
    out.emplace_back("psi_max", findings.features->psi_max);
    out.emplace_back("ks_max", findings.features->ks_max);
    for (const FeatureDrift& one : findings.features->features) {
      out.emplace_back("psi/" + one.feature, one.psi);
      out.emplace_back("ks/" + one.feature, one.ks);
      out.emplace_back("ks_p_value/" + one.feature, one.p_value);
      out.emplace_back("out_of_range/" + one.feature, one.out_of_range_share);
      out.emplace_back("missing/" + one.feature, one.missing_share);
    }
  }
  if (findings.decay) {
    const IndexDecay& decay = *findings.decay;
    out.emplace_back("silhouette_decay", decay.silhouette_then - decay.silhouette_now);
    out.emplace_back("davies_bouldin_rise", decay.davies_bouldin_now - decay.davies_bouldin_then);
  }
  if (findings.shift) {
    out.emplace_back("label_churn", findings.shift->label_churn);
    out.emplace_back("centroid_shift", findings.shift->centroid_shift);
  }
  std::erase_if(out, [](const auto& metric) { return !std::isfinite(metric.second); });
  return out;
}

}  // namespace cairn::pipeline
