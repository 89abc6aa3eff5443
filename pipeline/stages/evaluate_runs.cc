// The stage `evaluate`.

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/clustering/indices.h"
#include "lib/clustering/parallel.h"
#include "pipeline/data/parallel.h"
#include "pipeline/stages/measure_part.h"
#include "pipeline/stages/selection.h"
#include "pipeline/stages/training.h"

namespace cairn::pipeline {
namespace {

absl::Status FillShares(const clustering::Labels& labels, int k, Indices* indices) {
  CAIRN_ASSIGN_OR_RETURN(const auto shares, clustering::ComputeShares(labels, k));
  indices->min_cluster_share = shares.smallest;
  indices->max_cluster_share = shares.largest;
  return absl::OkStatus();
}

absl::Status FillCheap(const SweepInput& input, TrainingRun* run) {
  const FitOutcome& fit = *run->fit;
  run->training.inertia = fit.inertia;
  CAIRN_ASSIGN_OR_RETURN(run->everyone.inertia,
                         clustering::Inertia(input.all, fit.all_labels, fit.centers));
  CAIRN_RETURN_IF_ERROR(FillShares(fit.training_labels, run->point.k, &run->training));
  return FillShares(fit.all_labels, run->point.k, &run->everyone);
}

// What needs no distances between rows: of each fit once, and then of all runs that have it.
absl::Status FillAllCheap(const SweepInput& input, const SweepOptions& options,
                          std::vector<TrainingRun>* runs) {
  std::map<const FitOutcome*, size_t> first_of;
  std::vector<size_t> firsts;
  for (size_t i = 0; i < runs->size(); ++i) {
    if (first_of.try_emplace((*runs)[i].fit.get(), i).second) firsts.push_back(i);
  }
  std::vector<absl::Status> errors(firsts.size());
  clustering::Parallel parallel(ThreadCount(options.threads));
  parallel.For(firsts.size(), [&](size_t i) { errors[i] = FillCheap(input, &(*runs)[firsts[i]]); });
  for (absl::Status& error : errors) CAIRN_RETURN_IF_ERROR(std::move(error));
  for (TrainingRun& run : *runs) {
    const TrainingRun& first = (*runs)[first_of[run.fit.get()]];
    run.training = first.training;
    run.everyone = first.everyone;
  }
  return absl::OkStatus();
}

// Consecutive runs that are measured together, and where they are handed on early, while the next
// are measured. Runs of one k stay together, since only they can come to the same clustering.
std::vector<std::vector<size_t>> Slices(const std::vector<TrainingRun>& runs, bool early) {
  const size_t least = early ? std::max<size_t>(16, runs.size() / 4) : runs.size();
  std::vector<std::vector<size_t>> out;
  for (size_t i = 0; i < runs.size(); ++i) {
    const bool new_k = i == 0 || runs[i].point.k != runs[i - 1].point.k;
    if (out.empty() || (new_k && out.back().size() >= least)) out.emplace_back();
    out.back().push_back(i);
  }
  return out;
}

}  // namespace

absl::Status EvaluateRuns(const SweepInput& input, const SweepOptions& options, const RunSink& sink,
                          std::vector<TrainingRun>* runs) {
  CAIRN_RETURN_IF_ERROR(FillAllCheap(input, options, runs));
  const std::vector<size_t> standing = RepresentativeRuns(*runs, options.min_share);
  const std::set<size_t> keep(standing.begin(), standing.end());
  MeasuredRuns progress(options.measured, runs->size());
  // Of three steps for each run, the two of the training rows and the one of all.
  constexpr double kStep = 1.0 / 3;
  PartMeasurer training(input.training, &FitOutcome::training_labels, true, &TrainingRun::training,
                        options);
  PartMeasurer everyone(input.all, &FitOutcome::all_labels, false, &TrainingRun::everyone, options);
  training.Tell(&progress, kStep);
  everyone.Tell(&progress, kStep);
  for (const std::vector<size_t>& which : Slices(*runs, options.hand_on_early)) {
    CAIRN_RETURN_IF_ERROR(training.Measure(which, keep, runs));
    CAIRN_RETURN_IF_ERROR(everyone.Measure(which, {}, runs));
    for (const size_t i : which) CAIRN_RETURN_IF_ERROR(sink((*runs)[i], i));
  }
  return absl::OkStatus();
}

absl::Status MeasureEvidence(const SweepInput& input, const SweepOptions& options,
                             const std::vector<size_t>& which, std::vector<TrainingRun>* runs) {
  const PartMeasurer everyone(input.all, &FitOutcome::all_labels, true, &TrainingRun::everyone,
                              options);
  CAIRN_RETURN_IF_ERROR(everyone.Measure(which, {}, runs));
  for (const size_t i : which) (*runs)[i].has_evidence = true;
  return absl::OkStatus();
}

}  // namespace cairn::pipeline
