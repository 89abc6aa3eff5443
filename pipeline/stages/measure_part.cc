// Indices do not depend on how segments are numbered, but their last bits do: sums run over
// segments in order. So every clustering is renumbered by first appearance before it is measured,
// and equal clusterings give equal bits whether they are measured once or many times.

#include "pipeline/stages/measure_part.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <string_view>
#include <utility>

#include "lib/base/digest.h"
#include "lib/base/status_macros.h"
#include "lib/clustering/indices.h"
#include "lib/clustering/parallel.h"
#include "lib/evaluation/sampling.h"
#include "pipeline/data/parallel.h"

namespace cairn::pipeline {

using clustering::Labels;
using clustering::Matrix;

static_assert(kExactSilhouetteRows == evaluation::kExactRows);
static_assert(kSilhouetteSample == evaluation::kSampleRows);

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

  Labels LabelsOf(Labels all) const {
    if (places_ == nullptr) return all;
    Labels out;
    out.reserve(places_->size());
    for (const int32_t place : *places_) out.push_back(all[static_cast<size_t>(place)]);
    return out;
  }

  // What the mean of drawn rows misses by, and how many they are; nothing of all rows.
  void FillError(const clustering::Silhouette& silhouette, Indices* indices) const {
    if (places_ == nullptr) return;
    indices->silhouette_error = ErrorOf(silhouette);
    indices->silhouette_sample = static_cast<int64_t>(places_->size());
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

// One clustering of some rows, and the runs that came to it. Its labels would take memory for each
// clustering where they were kept as they are measured; they are renumbered when they are needed.
struct PartMeasurer::Job {
  const Labels* labels = nullptr;  // Of one of the runs.
  bool defined = false;            // Whether it has indices.
  std::vector<size_t> runs;
  Indices indices;
  std::shared_ptr<const std::vector<double>> silhouettes;
  double seconds = 0;  // CPU time of one core.
  absl::Status status;
};

namespace {

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

Digest DigestOfLabels(const Labels& labels) {
  return DigestOf({reinterpret_cast<const char*>(labels.data()), labels.size() * sizeof(int32_t)});
}

template <typename Jobs>
double RunsOf(const Jobs& jobs) {
  size_t runs = 0;
  for (const auto* job : jobs) runs += job->runs.size();
  return static_cast<double>(runs);
}

}  // namespace

void MeasuredRuns::Add(double runs) {
  // Far above what rounding adds up to, far below any part of a run.
  constexpr double kRounding = 1e-6;
  if (!watch_) return;
  const MutexLock lock(&mutex_);
  done_ += runs;
  const size_t complete = std::min(total_, static_cast<size_t>(done_ + kRounding));
  while (told_ < complete) watch_(++told_, total_);
}

PartMeasurer::PartMeasurer(const Matrix& rows, const std::vector<int32_t> FitOutcome::*labels,
                           bool silhouette, Indices TrainingRun::*part, const SweepOptions& options)
    : rows_(rows),
      labels_(labels),
      part_(part),
      options_(options),
      threads_(ThreadCount(options.threads)) {
  if (silhouette) silhouette_rows_ = std::make_unique<const SilhouetteRows>(rows, options);
}

PartMeasurer::~PartMeasurer() = default;

void PartMeasurer::Tell(MeasuredRuns* progress, double step) {
  progress_ = progress;
  step_ = step;
}

void PartMeasurer::Progress(double runs, double share) const {
  if (progress_ != nullptr) progress_->Add(step_ * runs * share);
}

absl::Status PartMeasurer::Measure(const std::vector<size_t>& which, const std::set<size_t>& keep,
                                   std::vector<TrainingRun>* runs) const {
  std::vector<Job> jobs = MakeJobs(*runs, which);
  std::vector<Job*> defined;
  for (Job& job : jobs) {
    if (job.defined) defined.push_back(&job);
  }
  Progress(static_cast<double>(which.size()) - RunsOf(defined), silhouette_rows_ ? 2 : 1);
  clustering::Parallel parallel(threads_);
  parallel.For(defined.size(), [&](size_t i) {
    MeasureCentroids(defined[i]);
    Progress(static_cast<double>(defined[i]->runs.size()));
  });
  if (silhouette_rows_) CAIRN_RETURN_IF_ERROR(MeasureAllSilhouettes(defined));
  for (const Job& job : jobs) {
    CAIRN_RETURN_IF_ERROR(job.status);
    Deliver(job, runs);
    for (const size_t i : job.runs) {
      if (keep.count(i) == 0) continue;
      (*runs)[i].silhouettes = job.silhouettes;
      (*runs)[i].silhouette_rows = silhouette_rows_->places();
    }
  }
  return absl::OkStatus();
}

// One job for each run, or with sharing for each distinct clustering.
std::vector<PartMeasurer::Job> PartMeasurer::MakeJobs(const std::vector<TrainingRun>& runs,
                                                      const std::vector<size_t>& which) const {
  std::vector<Job> jobs;
  std::map<const FitOutcome*, size_t> by_fit;
  std::map<Digest, size_t> by_labels;
  for (const size_t i : which) {
    const FitOutcome& fit = *runs[i].fit;
    size_t job = jobs.size();
    if (const auto held = by_fit.find(&fit); options_.sharing && held != by_fit.end()) {
      job = held->second;
    } else if (options_.sharing) {
      job = by_labels.try_emplace(DigestOfLabels(Renumber(fit.*labels_)), job).first->second;
      by_fit.emplace(&fit, job);
    }
    if (job == jobs.size()) {
      jobs.emplace_back();
      jobs[job].labels = &(fit.*labels_);
      jobs[job].defined = HasIndices(fit.*labels_);
    }
    jobs[job].runs.push_back(i);
  }
  return jobs;
}

// What costs little for each row.
void PartMeasurer::MeasureCentroids(Job* job) const {
  const auto begin = std::chrono::steady_clock::now();
  const auto indices = clustering::ComputeCentroidIndices(rows_, Renumber(*job->labels));
  job->status = indices.status();
  if (indices.ok()) {
    job->indices.davies_bouldin = indices->davies_bouldin;
    job->indices.calinski_harabasz = indices->calinski_harabasz;
  }
  job->seconds += SecondsFrom(begin);
}

absl::Status PartMeasurer::MeasureAllSilhouettes(const std::vector<Job*>& jobs) const {
  if (options_.sharing) return MeasureSilhouettes(jobs);
  for (Job* job : jobs) CAIRN_RETURN_IF_ERROR(MeasureSilhouettes({job}));
  return absl::OkStatus();
}

// The jobs share the distances between their rows.
absl::Status PartMeasurer::MeasureSilhouettes(const std::vector<Job*>& jobs) const {
  const auto begin = std::chrono::steady_clock::now();
  const SilhouetteRows& rows = *silhouette_rows_;
  std::vector<Labels> labels;
  std::vector<Job*> measured;
  for (Job* job : jobs) {
    Labels own = rows.LabelsOf(Renumber(*job->labels));
    if (!HasIndices(own)) continue;
    labels.push_back(std::move(own));
    measured.push_back(job);
  }
  const double count = RunsOf(measured);
  Progress(RunsOf(jobs) - count);
  std::vector<const Labels*> views;
  for (const Labels& one : labels) views.push_back(&one);
  const auto whole = static_cast<double>(rows.matrix().rows());
  const auto told = [&](size_t more) { Progress(count, static_cast<double>(more) / whole); };
  CAIRN_ASSIGN_OR_RETURN(auto silhouettes,
                         clustering::ComputeSilhouettes(rows.matrix(), views, threads_, told));
  const double seconds = SecondsFrom(begin) * threads_;
  for (size_t i = 0; i < measured.size(); ++i) {
    Job& job = *measured[i];
    job.indices.silhouette = silhouettes[i].mean;
    rows.FillError(silhouettes[i], &job.indices);
    job.silhouettes =
        std::make_shared<const std::vector<double>>(std::move(silhouettes[i].samples));
    job.seconds += seconds / static_cast<double>(measured.size());
  }
  return absl::OkStatus();
}

// Copies what was measured into the runs of a job.
void PartMeasurer::Deliver(const Job& job, std::vector<TrainingRun>* runs) const {
  for (const size_t i : job.runs) {
    Indices& out = (*runs)[i].*part_;
    if (silhouette_rows_) {
      out.silhouette = job.indices.silhouette;
      out.silhouette_error = job.indices.silhouette_error;
      out.silhouette_sample = job.indices.silhouette_sample;
    }
    out.davies_bouldin = job.indices.davies_bouldin;
    out.calinski_harabasz = job.indices.calinski_harabasz;
    (*runs)[i].evaluate_seconds += job.seconds / static_cast<double>(job.runs.size());
  }
}

}  // namespace cairn::pipeline
