#ifndef CAIRN_PIPELINE_STAGES_MEASURE_PART_H_
#define CAIRN_PIPELINE_STAGES_MEASURE_PART_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "lib/base/mutex.h"
#include "lib/clustering/matrix.h"
#include "pipeline/stages/training.h"

namespace cairn::pipeline {

// How many runs are measured, put together from parts of their work. Any thread.
class MeasuredRuns {
 public:
  // `watch` must outlive it.
  MeasuredRuns(const CountWatch& watch, size_t total) : watch_(watch), total_(total) {}

  // So many runs' worth of work more is done, in fractions of a run. Tells each run that is
  // complete by it; rounding loses none.
  void Add(double runs) CAIRN_EXCLUDES(mutex_);

 private:
  const CountWatch& watch_;
  const size_t total_;
  Mutex mutex_;
  double done_ CAIRN_GUARDED_BY(mutex_) = 0;
  size_t told_ CAIRN_GUARDED_BY(mutex_) = 0;
};

// The rows that silhouettes are measured on: all, or those that were drawn. Immutable.
class SilhouetteRows;

// Measures runs on one kind of rows: the training rows, or all customers. Memory beside the runs'
// own: labels of one clustering for each thread, and of all clusterings those of the rows that
// silhouettes are measured on, of which there are few. One thread calls.
class PartMeasurer {
 public:
  // `rows` are those that `labels` of an outcome belong to; what is found goes to `part` of a run,
  // with the silhouette where that is wanted. All references must outlive it.
  PartMeasurer(const clustering::Matrix& rows, const std::vector<int32_t> FitOutcome::*labels,
               bool silhouette, Indices TrainingRun::*part, const SweepOptions& options);
  ~PartMeasurer();
  PartMeasurer(const PartMeasurer&) = delete;
  PartMeasurer& operator=(const PartMeasurer&) = delete;

  // Has `progress`, which must outlive it, told of `step` runs for each run and kind of index: 1
  // for the centroids, 1 for the silhouette.
  void Tell(MeasuredRuns* progress, double step);

  // Measures the runs at `which`; those of `keep` get the silhouettes of their rows as well.
  // Errors are those of the indices.
  absl::Status Measure(const std::vector<size_t>& which, const std::set<size_t>& keep,
                       std::vector<TrainingRun>* runs) const;

 private:
  struct Job;

  std::vector<Job> MakeJobs(const std::vector<TrainingRun>& runs,
                            const std::vector<size_t>& which) const;
  void MeasureCentroids(Job* job) const;
  absl::Status MeasureAllSilhouettes(const std::vector<Job*>& jobs) const;
  absl::Status MeasureSilhouettes(const std::vector<Job*>& jobs) const;
  void Deliver(const Job& job, std::vector<TrainingRun>* runs) const;
  // `share` of a step of so many runs is done.
  void Progress(double runs, double share = 1) const;

  const clustering::Matrix& rows_;
  const std::vector<int32_t> FitOutcome::*const labels_;
  Indices TrainingRun::*const part_;
  const SweepOptions& options_;
  const int threads_;
  std::unique_ptr<const SilhouetteRows> silhouette_rows_;  // Null for none.
  MeasuredRuns* progress_ = nullptr;
  double step_ = 0;
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_MEASURE_PART_H_
