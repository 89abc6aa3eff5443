// The stage `evaluate`.
//
// Indices do not depend on how segments are numbered, but their last bits do: sums run over
// segments in order. So every clustering is renumbered by first appearance before it is measured,
// and equal clusterings give equal bits whether they are measured once or many times.

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/clustering/indices.h"
#include "lib/clustering/parallel.h"
#include "pipeline/data/parallel.h"
#include "pipeline/stages/training.h"

namespace cairn::pipeline {
namespace {

using clustering::Labels;
using clustering::Matrix;

Labels Renumber(const Labels& labels) {
  std::map<int32_t, int32_t> numbers;
  Labels out;
  out.reserve(labels.size());
  int32_t last = -1;
  int32_t last_number = 0;
  for (const int32_t label : labels) {
    if (label != last) {
      last = label;
      last_number = numbers.try_emplace(label, static_cast<int32_t>(numbers.size())).first->second;
    }
    out.push_back(last_number);
  }
  return out;
}

// One clustering of some rows, and the runs that came to it.
struct Job {
  Labels labels;  // Renumbered.
  bool silhouette = false;
  std::vector<size_t> runs;
  Indices indices;
  double seconds = 0;  // CPU time of one core.
  absl::Status status;
};

// Everything but inertia and shares, which depend on the run's own numbering.
absl::Status Measure(const Matrix& rows, int threads, Job* job) {
  const auto clusters = *std::max_element(job->labels.begin(), job->labels.end()) + 1;
  // Indices are not defined for a single cluster: left unmeasured.
  if (clusters < 2 || clusters >= rows.rows()) return absl::OkStatus();
  if (job->silhouette) {
    CAIRN_ASSIGN_OR_RETURN(const auto silhouette,
                           clustering::ComputeSilhouette(rows, job->labels, threads));
    job->indices.silhouette = silhouette.mean;
  }
  CAIRN_ASSIGN_OR_RETURN(job->indices.davies_bouldin, clustering::DaviesBouldin(rows, job->labels));
  CAIRN_ASSIGN_OR_RETURN(job->indices.calinski_harabasz,
                         clustering::CalinskiHarabasz(rows, job->labels));
  return absl::OkStatus();
}

void MeasureAll(const Matrix& rows, int threads, std::vector<Job>* jobs) {
  clustering::Parallel parallel(threads);
  const bool inner = rows.rows() > kRowsForInnerThreads;
  const auto run = [&](Job* job, int job_threads) {
    const auto begin = std::chrono::steady_clock::now();
    job->status = Measure(rows, job_threads, job);
    job->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() *
                   job_threads;
  };
  if (inner) {
    for (Job& job : *jobs) run(&job, threads);
  } else {
    parallel.For(jobs->size(), [&](size_t i) { run(&(*jobs)[i], 1); });
  }
}

// One job for each run, or with sharing for each distinct clustering.
std::vector<Job> MakeJobs(const std::vector<TrainingRun>& runs, const std::vector<size_t>& which,
                          const std::vector<int32_t> FitOutcome::*labels, bool silhouette,
                          bool sharing) {
  std::vector<Job> jobs;
  std::map<const FitOutcome*, size_t> by_fit;
  std::map<Labels, size_t> by_labels;
  for (const size_t i : which) {
    const FitOutcome& fit = *runs[i].fit;
    size_t job = jobs.size();
    if (sharing) {
      if (const auto held = by_fit.find(&fit); held != by_fit.end()) {
        job = held->second;
      } else {
        job = by_labels.try_emplace(Renumber(fit.*labels), jobs.size()).first->second;
        by_fit.emplace(&fit, job);
      }
    }
    if (job == jobs.size()) {
      jobs.push_back({Renumber(fit.*labels), silhouette, {}, {}, 0, absl::OkStatus()});
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
void Deliver(const Job& job, Indices TrainingRun::*part, std::vector<TrainingRun>* runs) {
  for (const size_t i : job.runs) {
    Indices& out = (*runs)[i].*part;
    if (job.silhouette) out.silhouette = job.indices.silhouette;
    out.davies_bouldin = job.indices.davies_bouldin;
    out.calinski_harabasz = job.indices.calinski_harabasz;
    (*runs)[i].evaluate_seconds += job.seconds / static_cast<double>(job.runs.size());
  }
}

absl::Status MeasurePart(const Matrix& rows, const std::vector<size_t>& which,
                         const std::vector<int32_t> FitOutcome::*labels, bool silhouette,
                         const SweepOptions& options, Indices TrainingRun::*part,
                         std::vector<TrainingRun>* runs) {
  std::vector<Job> jobs = MakeJobs(*runs, which, labels, silhouette, options.sharing);
  MeasureAll(rows, ThreadCount(options.threads), &jobs);
  for (const Job& job : jobs) {
    CAIRN_RETURN_IF_ERROR(job.status);
    Deliver(job, part, runs);
  }
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

// Consecutive runs that are measured together and then handed on while the next are measured.
// Runs of one k stay together, since only they can come to the same clustering.
std::vector<std::vector<size_t>> Slices(const std::vector<TrainingRun>& runs) {
  const size_t least = std::max<size_t>(16, runs.size() / 4);
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
  std::map<const FitOutcome*, size_t> first_of;
  for (size_t i = 0; i < runs->size(); ++i) {
    TrainingRun& run = (*runs)[i];
    const auto [first, is_first] = first_of.try_emplace(run.fit.get(), i);
    if (is_first) {
      CAIRN_RETURN_IF_ERROR(FillCheap(input, &run));
    } else {
      run.training = (*runs)[first->second].training;
      run.everyone = (*runs)[first->second].everyone;
    }
  }
  for (const std::vector<size_t>& which : Slices(*runs)) {
    CAIRN_RETURN_IF_ERROR(MeasurePart(input.training, which, &FitOutcome::training_labels, true,
                                      options, &TrainingRun::training, runs));
    CAIRN_RETURN_IF_ERROR(MeasurePart(input.all, which, &FitOutcome::all_labels, false, options,
                                      &TrainingRun::everyone, runs));
    for (const size_t i : which) CAIRN_RETURN_IF_ERROR(sink((*runs)[i], i));
  }
  return absl::OkStatus();
}

absl::Status MeasureEvidence(const SweepInput& input, const std::vector<size_t>& which, int threads,
                             std::vector<TrainingRun>* runs) {
  SweepOptions options;
  options.threads = threads;
  CAIRN_RETURN_IF_ERROR(MeasurePart(input.all, which, &FitOutcome::all_labels, true, options,
                                    &TrainingRun::everyone, runs));
  for (const size_t i : which) (*runs)[i].has_evidence = true;
  return absl::OkStatus();
}

}  // namespace cairn::pipeline
