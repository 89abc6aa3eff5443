#include "pipeline/monitoring/concept_drift.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "lib/base/digest.h"
#include "lib/base/status_macros.h"
#include "lib/evaluation/measure.h"
#include "pipeline/data/table_csv.h"

namespace cairn::pipeline {
namespace {

using evaluation::FeatureTable;
using evaluation::Measurement;

// A table in the form that evaluations take, and the seed that its bytes give.
struct Measurable {
  FeatureTable table;
  evaluation::MeasureOptions options;
};

absl::StatusOr<Measurable> MeasurableOf(const FeatureMatrix& features, int threads) {
  const std::string csv = FeaturesCsv(features);
  CAIRN_ASSIGN_OR_RETURN(FeatureTable table, FeatureTable::Parse(csv));
  evaluation::MeasureOptions options;
  options.threads = threads;
  options.sample_seed = evaluation::SampleSeed(Sha256Hex(csv));
  return Measurable{std::move(table), options};
}

double ValueOf(const Measurement& measured, std::string_view metric) {
  const auto found = std::find_if(measured.values.begin(), measured.values.end(),
                                  [metric](const auto& value) { return value.metric == metric; });
  return found == measured.values.end() ? std::numeric_limits<double>::quiet_NaN() : found->value;
}

// NaN passes no limit.
DriftVerdict JudgeLimit(double value, double warning, double drift) {
  if (value >= drift) return DriftVerdict::kDrifted;
  return value >= warning ? DriftVerdict::kWarning : DriftVerdict::kStable;
}

template <typename Result>
void AddVerdict(DriftVerdict verdict, const std::string& says, Result* out) {
  if (verdict == DriftVerdict::kStable) return;
  out->verdict = Gravest(out->verdict, verdict);
  out->reason += (out->reason.empty() ? "" : "; ") + says;
}

}  // namespace

absl::StatusOr<IndexDecay> MeasureDecay(const model::Predictor& champion,
                                        const FeatureMatrix& reference,
                                        const FeatureMatrix& current, const ConceptLimits& limits,
                                        int threads) {
  CAIRN_ASSIGN_OR_RETURN(const Measurable before, MeasurableOf(reference, threads));
  CAIRN_ASSIGN_OR_RETURN(const Measurable today, MeasurableOf(current, threads));
  CAIRN_ASSIGN_OR_RETURN(const Measurement then,
                         evaluation::Measure(champion, before.table, before.options));
  CAIRN_ASSIGN_OR_RETURN(const Measurement now,
                         evaluation::Measure(champion, today.table, today.options));
  IndexDecay out;
  out.silhouette_then = ValueOf(then, "silhouette");
  out.silhouette_now = ValueOf(now, "silhouette");
  out.davies_bouldin_then = ValueOf(then, "davies_bouldin");
  out.davies_bouldin_now = ValueOf(now, "davies_bouldin");
  AddVerdict(
      JudgeLimit(out.silhouette_then - out.silhouette_now, limits.silhouette_loss_warning,
                 limits.silhouette_loss_drift),
      fmt::format("silhouette fell from {:.3f} to {:.3f}", out.silhouette_then, out.silhouette_now),
      &out);
  AddVerdict(JudgeLimit(out.davies_bouldin_now - out.davies_bouldin_then,
                        limits.davies_bouldin_rise_warning, limits.davies_bouldin_rise_drift),
             fmt::format("Davies-Bouldin rose from {:.3f} to {:.3f}", out.davies_bouldin_then,
                         out.davies_bouldin_now),
             &out);
  return out;
}

absl::StatusOr<SegmentShift> MeasureShift(const model::Predictor& challenger,
                                          const model::Predictor& champion,
                                          const FeatureMatrix& current, const ConceptLimits& limits,
                                          int threads) {
  CAIRN_ASSIGN_OR_RETURN(const Measurable today, MeasurableOf(current, threads));
  CAIRN_ASSIGN_OR_RETURN(
      const Measurement measured,
      evaluation::MeasureAgainst(challenger, champion, today.table, today.options));
  SegmentShift out;
  out.label_churn = ValueOf(measured, "label_churn");
  out.centroid_shift = ValueOf(measured, "centroid_shift");
  out.agreement = ValueOf(measured, "ari");
  AddVerdict(JudgeLimit(out.label_churn, limits.churn_warning, limits.churn_drift),
             fmt::format("{:.1f} % of the customers are in another segment", 100 * out.label_churn),
             &out);
  return out;
}

}  // namespace cairn::pipeline
