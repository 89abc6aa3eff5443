#include "pipeline/stages/selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string_view>
#include <tuple>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "pipeline/stages/degenerate.h"

namespace cairn::pipeline {
namespace {

// What a segmentation fails, in words; empty when it passes.
std::string FailedRule(const TrainingRun& run, const PipelineConfig::Select& rules) {
  const Indices& all = run.everyone;
  if (HasEmptySegment(run)) return "one of its segments is empty";
  if (!std::isfinite(all.silhouette)) return "its silhouette cannot be measured";
  if (run.point.k < rules.min_k || run.point.k > rules.max_k) {
    return fmt::format("k is outside {}..{}", rules.min_k, rules.max_k);
  }
  if (!(all.min_cluster_share >= rules.min_share)) {
    return fmt::format("its smallest segment holds {:.1f} % of all customers, below {:.1f} %",
                       100 * all.min_cluster_share, 100 * rules.min_share);
  }
  if (!(all.silhouette >= rules.min_silhouette)) {
    return fmt::format("its silhouette {:.3f} is below {:.3f}", all.silhouette,
                       rules.min_silhouette);
  }
  if (!(all.davies_bouldin <= rules.max_davies_bouldin)) {
    return fmt::format("its Davies-Bouldin index {:.3f} is above {:.3f}", all.davies_bouldin,
                       rules.max_davies_bouldin);
  }
  return "";
}

// What could not be measured ranks behind everything that was.
double OrWorst(double cost) {
  return std::isfinite(cost) ? cost : std::numeric_limits<double>::infinity();
}

bool Better(const TrainingRun& a, const TrainingRun& b) {
  return std::make_tuple(OrWorst(-a.everyone.silhouette), OrWorst(a.everyone.davies_bouldin),
                         a.point.k) < std::make_tuple(OrWorst(-b.everyone.silhouette),
                                                      OrWorst(b.everyone.davies_bouldin),
                                                      b.point.k);
}

// Whether a run may be chosen or registered at all: it was measured and has no empty segment.
bool Usable(const TrainingRun& run) {
  return std::isfinite(run.everyone.silhouette) && !HasEmptySegment(run);
}

// The best row that `accept` lets through.
template <typename Accept>
std::optional<size_t> BestRow(const Selection& selection, const std::vector<TrainingRun>& runs,
                              const Accept& accept) {
  std::optional<size_t> best;
  for (size_t i = 0; i < selection.rows.size(); ++i) {
    if (!Usable(runs[selection.rows[i].run]) || !accept(selection.rows[i])) continue;
    if (!best || Better(runs[selection.rows[i].run], runs[selection.rows[*best].run])) best = i;
  }
  return best;
}

// "0.266", or of a sample "0.266 ± 0.003 (of 10000 drawn ones)".
std::string SilhouetteText(const Indices& all) {
  if (all.silhouette_sample == 0) return fmt::format("{:.3f}", all.silhouette);
  return fmt::format("{:.3f} ± {:.3f} (of {} drawn ones)", all.silhouette, all.silhouette_error,
                     all.silhouette_sample);
}

absl::Status Choose(const std::vector<TrainingRun>& runs, const PipelineConfig& config,
                    Selection* selection) {
  const auto& rules = config.select;
  const auto silhouette = [&](size_t row) {
    return SilhouetteText(runs[selection->rows[row].run].everyone);
  };
  if (const auto best = BestRow(*selection, runs, [](const auto& row) { return row.eligible; })) {
    selection->chosen = *best;
    selection->reason = fmt::format(
        "k = {} has the highest silhouette of all customers, {}, among the k in {}..{} whose "
        "segments hold at least {:.1f} % and whose Davies-Bouldin index is at most {}",
        selection->rows[*best].k, silhouette(*best), rules.min_k, rules.max_k,
        100 * rules.min_share, rules.max_davies_bouldin);
    return absl::OkStatus();
  }
  auto best = BestRow(*selection, runs, [&](const SelectionRow& row) {
    return row.k >= rules.min_k && row.k <= rules.max_k;
  });
  if (!best) best = BestRow(*selection, runs, [](const auto&) { return true; });
  if (!best) {
    const SelectionRow& first = selection->rows.front();
    return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::VALUE_INVALID,
                 fmt::format("no k gives segments that can be measured: at k = {} {}", first.k,
                             first.note))
        .With("k", std::to_string(first.k))
        .ToStatus();
  }
  selection->chosen = *best;
  selection->reason = fmt::format(
      "no k passes every rule; k = {} has the highest silhouette of all customers, {}, but {}",
      selection->rows[*best].k, silhouette(*best), selection->rows[*best].note);
  return absl::OkStatus();
}

// The best of each k that is not degenerate, the k that are always wanted, and first the chosen
// one, whatever it looks like: whether it may serve is for the policy to say.
std::vector<size_t> VersionRuns(const std::vector<TrainingRun>& runs, const PipelineConfig& config,
                                const Selection& selection) {
  const auto& rules = config.registration;
  std::vector<size_t> out;
  for (const SelectionRow& row : selection.rows) {
    const bool always =
        std::find(rules.always_k.begin(), rules.always_k.end(), row.k) != rules.always_k.end();
    if (row.run == selection.rows[selection.chosen].run || !Usable(runs[row.run])) continue;
    if (always || row.min_share >= rules.min_share) out.push_back(row.run);
  }
  std::stable_sort(out.begin(), out.end(),
                   [&](size_t a, size_t b) { return Better(runs[a], runs[b]); });
  out.insert(out.begin(), selection.rows[selection.chosen].run);
  out.resize(std::min(out.size(), static_cast<size_t>(rules.max_versions)));
  return out;
}

}  // namespace

std::vector<size_t> RepresentativeRuns(const std::vector<TrainingRun>& runs, double min_share) {
  std::map<int, size_t> by_k;
  const auto sound = [&](size_t i) { return runs[i].everyone.min_cluster_share >= min_share; };
  for (size_t i = 0; i < runs.size(); ++i) {
    const auto [place, first] = by_k.try_emplace(runs[i].point.k, i);
    if (first) continue;
    const size_t held = place->second;
    if (sound(i) != sound(held)) {
      if (sound(i)) place->second = i;
    } else if (OrWorst(runs[i].training.inertia) < OrWorst(runs[held].training.inertia)) {
      place->second = i;
    }
  }
  std::vector<size_t> out;
  for (const auto& [k, run] : by_k) out.push_back(run);
  return out;
}

std::optional<size_t> KneeOf(const std::vector<double>& x, const std::vector<double>& y) {
  if (x.size() < 3) return std::nullopt;
  const double width = x.back() - x.front();
  const double height = y.back() - y.front();
  std::optional<size_t> knee;
  double farthest = 0;
  for (size_t i = 1; i + 1 < x.size(); ++i) {
    const double below = y.front() + height * (x[i] - x.front()) / width - y[i];
    if (below > farthest) {
      farthest = below;
      knee = i;
    }
  }
  return knee;
}

absl::StatusOr<Selection> SelectK(const std::vector<TrainingRun>& runs,
                                  const PipelineConfig& config, const StabilityByK& stability) {
  Selection selection;
  std::vector<double> ks;
  std::vector<double> inertias;
  for (const size_t i : RepresentativeRuns(runs, config.registration.min_share)) {
    const TrainingRun& run = runs[i];
    SelectionRow row;
    row.k = run.point.k;
    row.run = i;
    row.inertia = run.training.inertia;
    row.silhouette = run.training.silhouette;
    row.davies_bouldin = run.training.davies_bouldin;
    row.calinski_harabasz = run.training.calinski_harabasz;
    row.min_share = run.everyone.min_cluster_share;
    if (const auto held = stability.find(row.k); held != stability.end()) {
      row.stability = held->second;
    }
    row.degenerate = row.min_share < config.registration.min_share;
    row.note = FailedRule(run, config.select);
    row.eligible = row.note.empty();
    ks.push_back(row.k);
    inertias.push_back(row.inertia);
    selection.rows.push_back(std::move(row));
  }
  if (const auto knee = KneeOf(ks, inertias)) selection.elbow_k = selection.rows[*knee].k;
  CAIRN_RETURN_IF_ERROR(Choose(runs, config, &selection));
  if (const auto& chosen = selection.rows[selection.chosen].stability) {
    selection.reason += "; " + StabilityWords(*chosen);
  }
  selection.versions = VersionRuns(runs, config, selection);
  return selection;
}

}  // namespace cairn::pipeline
