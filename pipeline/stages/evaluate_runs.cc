// The stage `evaluate`.
//
// Indices do not depend on how segments are numbered, but their last bits do: sums run over
// segments in order. So every clustering is renumbered by first appearance before it is measured,
// and equal clusterings give equal bits whether they are measured once or many times.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/clustering/indices.h"
#include "lib/clustering/parallel.h"
#include "lib/evaluation/sampling.h"
#include "pipeline/data/parallel.h"
#include "pipeline/stages/selection.h"
#include "pipeline/stages/training.h"

namespace cairn::pipeline {
namespace {

using clustering::Labels;
using clustering::Matrix;

static_assert(kExactSilhouetteRows == evaluation::kExactRows);
static_assert(kSilhouetteSample == evaluation::kSampleRows);

// Labels are 0..k-1.
Labels Renumber(const Labels& labels) {
  constexpr int32_t kNoNumber = -1;
  std::vector<int32_t> numbers;
  int32_t next = 0;
  Labels out(labels.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto label = static_cast<size_t>(labels[i]);
    if (label >= numbers.size()) numbers.resize(label + 1, kNoNumber);
    if (numbers[label] == kNoNumber) numbers[label] = next++;
    out[i] = numbers[label];
  }
  return out;
}

// One clustering of some rows, and the runs that came to it.
struct Job {
  Labels labels;  // Renumbered.
  std::vector<size_t> runs;
  Indices indices;
  std::shared_ptr<const std::vector<double>> silhouettes;
  double seconds = 0;  // CPU time of one core.
  absl::Status status;
};

double SecondsFrom(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Indices are not defined for a single cluster, or rows that are all apart: left unmeasured.
bool HasIndices(const Labels& labels) {
  std::vector<bool> seen;
  size_t clusters = 0;
  for (const int32_t label : labels) {
    const auto place = static_cast<size_t>(label);
    if (place >= seen.size()) seen.resize(place + 1);
    clusters += seen[place] ? 0 : 1;
    seen[place] = true;
  }
  return clusters >= 2 && clusters < labels.size();
}

// What costs little for each row.
void MeasureCentroids(const Matrix& rows, Job* job) {
  const auto begin = std::chrono::steady_clock::now();
  const auto indices = clustering::ComputeCentroidIndices(rows, job->labels);
  job->status = indices.status();
  if (indices.ok()) {
    job->indices.davies_bouldin = indices->davies_bouldin;
    job->indices.calinski_harabasz = indices->calinski_harabasz;
  }
  job->seconds += SecondsFrom(begin);
}

// The rows that silhouettes are measured on: all, or those that were drawn.
class SilhouetteRows {
 public:
  SilhouetteRows(const Matrix& rows, const SweepOptions& options) : all_(rows) {
    evaluation::MeasureOptions sampling;
    sampling.sample_seed = options.sample_seed;
    sampling.exact_rows = options.exact_rows;
    sampling.sample_rows = options.sample_rows;
    const auto count = static_cast<size_t>(rows.rows());
    if (!evaluation::IsSampled(count, sampling)) return;
    const std::vector<size_t> drawn = evaluation::DrawRows(count, sampling);
    taken_ = evaluation::TakeRows(rows, drawn);
    places_ = std::make_shared<const std::vector<int32_t>>(drawn.begin(), drawn.end());
  }

  const Matrix& matrix() const { return places_ == nullptr ? all_ : taken_; }
  // Null for all.
  const std::shared_ptr<const std::vector<int32_t>>& places() const { return places_; }

  Labels LabelsOf(const Labels& all) const {
    if (places_ == nullptr) return all;
    Labels out;
    out.reserve(places_->size());
    for (const int32_t place : *places_) out.push_back(all[static_cast<size_t>(place)]);
    return out;
  }

  // Takes over what was measured.
  void Fill(clustering::Silhouette silhouette, Job* job) const {
    job->indices.silhouette = silhouette.mean;
    if (places_ != nullptr) {
      job->indices.silhouette_error = ErrorOf(silhouette);
      job->indices.silhouette_sample = static_cast<int64_t>(places_->size());
    }
    job->silhouettes = std::make_shared<const std::vector<double>>(std::move(silhouette.samples));
  }

 private:
  // Of the mean of rows that were drawn without replacement.
  double ErrorOf(const clustering::Silhouette& silhouette) const {
    double squares = 0;
    for (const double value : silhouette.samples) {
      squares += (value - silhouette.mean) * (value - silhouette.mean);
    }
    const auto size = static_cast<double>(silhouette.samples.size());
    const double left = 1 - size / static_cast<double>(all_.rows());
    return std::sqrt(squares / (size - 1) / size * left);
  }

  const Matrix& all_;
  Matrix taken_;
  std::shared_ptr<const std::vector<int32_t>> places_;
};

// The jobs share the distances between their rows.
absl::Status MeasureSilhouettes(const SilhouetteRows& rows, int threads,
                                const std::vector<Job*>& jobs) {
  const auto begin = std::chrono::steady_clock::now();
  std::vector<Labels> labels;
  std::vector<Job*> measured;
  for (Job* job : jobs) {
    Labels own = rows.LabelsOf(job->labels);
    if (!HasIndices(own)) continue;
    labels.push_back(std::move(own));
    measured.push_back(job);
  }
  std::vector<const Labels*> views;
  for (const Labels& one : labels) views.push_back(&one);
  CAIRN_ASSIGN_OR_RETURN(auto silhouettes,
                         clustering::ComputeSilhouettes(rows.matrix(), views, threads));
  for (size_t i = 0; i < measured.size(); ++i) rows.Fill(std::move(silhouettes[i]), measured[i]);
  const double seconds = SecondsFrom(begin) * threads;
  for (Job* job : measured) job->seconds += seconds / static_cast<double>(measured.size());
  return absl::OkStatus();
}

// One job for each run, or with sharing for each distinct clustering.
std::vector<Job> MakeJobs(const std::vector<TrainingRun>& runs, const std::vector<size_t>& which,
                          const std::vector<int32_t> FitOutcome::*labels, bool sharing) {
  std::vector<Job> jobs;
  std::map<const FitOutcome*, size_t> by_fit;
  std::map<Labels, size_t> by_labels;
  for (const size_t i : which) {
    const FitOutcome& fit = *runs[i].fit;
    size_t job = jobs.size();
    if (const auto held = by_fit.find(&fit); sharing && held != by_fit.end()) {
      job = held->second;
    } else {
      Labels renumbered = Renumber(fit.*labels);
      if (sharing) {
        job = by_labels.try_emplace(renumbered, jobs.size()).first->second;
        by_fit.emplace(&fit, job);
      }
      if (job == jobs.size()) {
        jobs.push_back({std::move(renumbered), {}, {}, nullptr, 0, absl::OkStatus()});
      }
    }
    jobs[job].runs.push_back(i);
  }
  return jobs;
}

absl::Status FillShares(const Labels& labels, int k, Indices* indices) {
  CAIRN_ASSIGN_OR_RETURN(const auto shares, clustering::ComputeShares(labels, k));
  indices->min_cluster_share = shares.smallest;
  indices->max_cluster_share = shares.largest;
  return absl::OkStatus();
}

// Copies what was measured into the runs of a job.
void Deliver(const Job& job, bool silhouette, Indices TrainingRun::*part,
             std::vector<TrainingRun>* runs) {
  for (const size_t i : job.runs) {
    Indices& out = (*runs)[i].*part;
    if (silhouette) {
      out.silhouette = job.indices.silhouette;
      out.silhouette_error = job.indices.silhouette_error;
      out.silhouette_sample = job.indices.silhouette_sample;
    }
    out.davies_bouldin = job.indices.davies_bouldin;
    out.calinski_harabasz = job.indices.calinski_harabasz;
    (*runs)[i].evaluate_seconds += job.seconds / static_cast<double>(job.runs.size());
  }
}

// The runs at `which`, measured on one kind of rows.
class PartMeasurer {
 public:
  PartMeasurer(const Matrix& rows, const std::vector<int32_t> FitOutcome::*labels, bool silhouette,
               Indices TrainingRun::*part, const SweepOptions& options)
      : rows_(rows),
        labels_(labels),
        part_(part),
        options_(options),
        threads_(ThreadCount(options.threads)) {
    if (silhouette) silhouette_rows_.emplace(rows, options);
  }

  // Runs of `keep` get the silhouettes of their rows as well.
  absl::Status Measure(const std::vector<size_t>& which, const std::set<size_t>& keep,
                       std::vector<TrainingRun>* runs) const {
    std::vector<Job> jobs = MakeJobs(*runs, which, labels_, options_.sharing);
    std::vector<Job*> defined;
    for (Job& job : jobs) {
      if (HasIndices(job.labels)) defined.push_back(&job);
    }
    clustering::Parallel parallel(threads_);
    parallel.For(defined.size(), [&](size_t i) { MeasureCentroids(rows_, defined[i]); });
    if (silhouette_rows_) CAIRN_RETURN_IF_ERROR(MeasureAllSilhouettes(defined));
    for (const Job& job : jobs) {
      CAIRN_RETURN_IF_ERROR(job.status);
      Deliver(job, silhouette_rows_.has_value(), part_, runs);
      for (const size_t i : job.runs) {
        if (keep.count(i) == 0) continue;
        (*runs)[i].silhouettes = job.silhouettes;
        (*runs)[i].silhouette_rows = silhouette_rows_->places();
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status MeasureAllSilhouettes(const std::vector<Job*>& jobs) const {
    if (options_.sharing) return MeasureSilhouettes(*silhouette_rows_, threads_, jobs);
    for (Job* job : jobs) {
      CAIRN_RETURN_IF_ERROR(MeasureSilhouettes(*silhouette_rows_, threads_, {job}));
    }
    return absl::OkStatus();
  }

  const Matrix& rows_;
  const std::vector<int32_t> FitOutcome::*const labels_;
  Indices TrainingRun::*const part_;
  const SweepOptions& options_;
  const int threads_;
  std::optional<SilhouetteRows> silhouette_rows_;
};

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
  const PartMeasurer training(input.training, &FitOutcome::training_labels, true,
                              &TrainingRun::training, options);
  const PartMeasurer everyone(input.all, &FitOutcome::all_labels, false, &TrainingRun::everyone,
                              options);
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
