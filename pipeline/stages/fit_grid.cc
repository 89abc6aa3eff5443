// The stage `sweep`.
//
// What is shared, and why it cannot change a bit. A start is a function of (data, k, init, seed,
// start number, max_iter, tol) alone. So a fit with n_init 5 contains the start of n_init 1; and
// a start that converged after fewer iterations than a smaller max_iter allows is the start that
// the smaller limit would have given. The best of the same starts is the same start.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <tuple>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/mutex.h"
#include "lib/base/status_macros.h"
#include "lib/clustering/kmeans.h"
#include "lib/clustering/kmeans_lloyd.h"
#include "lib/clustering/parallel.h"
#include "lib/clustering/row_blocks.h"
#include "pipeline/data/parallel.h"
#include "pipeline/stages/degenerate.h"
#include "pipeline/stages/training.h"

namespace cairn::pipeline {
namespace {

using clustering::KMeansContext;
using clustering::KMeansResult;
using clustering::KMeansStart;

using StartKey = std::tuple<int, int, uint32_t, int, int>;  // k, init, seed, start, max_iter

// A start that was run, and how many runs rest on it.
struct StartRecord {
  KMeansStart spec;
  KMeansResult result;
  double seconds = 0;  // CPU time of one core.
  int users = 0;
};

clustering::KMeansInit InitOf(CenterInit init) {
  return init == CenterInit::kRandom ? clustering::KMeansInit::kRandom
                                     : clustering::KMeansInit::kKMeansPlusPlus;
}

KMeansStart SpecOf(const GridPoint& point, int start, double tol) {
  KMeansStart spec;
  spec.k = point.k;
  spec.init = InitOf(point.init);
  spec.start = start;
  spec.seed = point.seed;
  spec.limits.max_iter = point.max_iter;
  spec.limits.tol = tol;
  return spec;
}

// Counts starts that are done, on any thread, and tells each number in its turn.
class StartCounter {
 public:
  // `watch` must outlive it.
  StartCounter(const CountWatch& watch, size_t total) : watch_(watch), total_(total) {}

  void Add() CAIRN_EXCLUDES(mutex_) {
    if (!watch_) return;
    const MutexLock lock(&mutex_);
    watch_(++done_, total_);
  }

 private:
  const CountWatch& watch_;
  const size_t total_;
  Mutex mutex_;
  size_t done_ CAIRN_GUARDED_BY(mutex_) = 0;
};

class GridFitter {
 public:
  GridFitter(const SweepInput& input, const std::vector<GridPoint>& points,
             const SweepOptions& options)
      : input_(input),
        points_(points),
        options_(options),
        parallel_(ThreadCount(options.threads)) {}

  absl::StatusOr<std::vector<TrainingRun>> Fit();

 private:
  absl::Status CheckPoints() const;
  void PlanShared();
  void PlanAlone();
  absl::Status RunStarts(const KMeansContext& context, size_t first);
  absl::Status ResolveShared(const KMeansContext& context);
  size_t PlaceOf(const StartKey& key, const GridPoint& point, int start);
  std::shared_ptr<const FitOutcome> OutcomeOf(size_t index, const clustering::RowBlocks& all) const;
  std::vector<TrainingRun> Assemble();

  const SweepInput& input_;
  const std::vector<GridPoint>& points_;
  const SweepOptions& options_;
  clustering::Parallel parallel_;
  std::vector<StartRecord> starts_;
  std::map<StartKey, size_t> places_;
  std::vector<std::vector<size_t>> starts_of_;  // By point.
};

absl::Status GridFitter::CheckPoints() const {
  const int64_t distinct = CountDistinctRows(input_.training);
  for (const GridPoint& point : points_) {
    if (point.k < input_.training.rows() && point.k <= distinct) continue;
    return InvalidField(ErrorReason::VALUE_INVALID, "sweep.k", std::to_string(point.k),
                        fmt::format("must be below the {} rows to train on, and not above the {} "
                                    "different ones among them",
                                    input_.training.rows(), distinct));
  }
  return absl::OkStatus();
}

size_t GridFitter::PlaceOf(const StartKey& key, const GridPoint& point, int start) {
  const auto [place, first] = places_.try_emplace(key, starts_.size());
  if (first) starts_.push_back({SpecOf(point, start, options_.tol)});
  return place->second;
}

// Each start once, with the largest max_iter any point asks of it.
void GridFitter::PlanShared() {
  std::map<std::tuple<int, int, uint32_t>, int> most_iterations;
  for (const GridPoint& point : points_) {
    int& most = most_iterations[{point.k, static_cast<int>(point.init), point.seed}];
    most = std::max(most, point.max_iter);
  }
  for (const GridPoint& point : points_) {
    GridPoint longest = point;
    longest.max_iter = most_iterations[{point.k, static_cast<int>(point.init), point.seed}];
    auto& mine = starts_of_.emplace_back();
    for (int start = 0; start < point.n_init; ++start) {
      mine.push_back(
          PlaceOf({point.k, static_cast<int>(point.init), point.seed, start, longest.max_iter},
                  longest, start));
    }
  }
}

void GridFitter::PlanAlone() {
  for (const GridPoint& point : points_) {
    auto& mine = starts_of_.emplace_back();
    for (int start = 0; start < point.n_init; ++start) {
      mine.push_back(starts_.size());
      starts_.push_back({SpecOf(point, start, options_.tol)});
    }
  }
}

absl::Status GridFitter::RunStarts(const KMeansContext& context, size_t first) {
  const size_t count = starts_.size() - first;
  std::vector<absl::Status> errors(count);
  StartCounter done(options_.started, count);
  const auto run = [&](size_t i, clustering::Parallel& threads) {
    StartRecord& record = starts_[first + i];
    const auto begin = std::chrono::steady_clock::now();
    auto result = clustering::FitStart(context, record.spec, threads);
    record.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() *
        threads.threads();
    if (result.ok()) {
      record.result = *std::move(result);
    } else {
      errors[i] = result.status();
    }
    done.Add();
  };
  if (input_.training.rows() > kRowsForInnerThreads) {
    for (size_t i = 0; i < count; ++i) run(i, parallel_);
  } else {
    parallel_.For(count, [&](size_t i) {
      clustering::Parallel alone(1);
      run(i, alone);
    });
  }
  for (absl::Status& error : errors) CAIRN_RETURN_IF_ERROR(std::move(error));
  return absl::OkStatus();
}

// A start that went on longer than a point's own max_iter allows is not that point's start.
absl::Status GridFitter::ResolveShared(const KMeansContext& context) {
  const size_t before = starts_.size();
  for (size_t i = 0; i < points_.size(); ++i) {
    for (size_t start = 0; start < starts_of_[i].size(); ++start) {
      const StartRecord& held = starts_[starts_of_[i][start]];
      const GridPoint& point = points_[i];
      if (held.spec.limits.max_iter == point.max_iter || held.result.n_iter < point.max_iter) {
        continue;
      }
      starts_of_[i][start] = PlaceOf({point.k, static_cast<int>(point.init), point.seed,
                                      static_cast<int>(start), point.max_iter},
                                     point, static_cast<int>(start));
    }
  }
  return RunStarts(context, before);
}

// The best of a point's starts.
std::shared_ptr<const FitOutcome> GridFitter::OutcomeOf(size_t index,
                                                        const clustering::RowBlocks& all) const {
  std::vector<const KMeansResult*> results;
  for (const size_t place : starts_of_[index]) results.push_back(&starts_[place].result);
  const KMeansResult& best = *results[clustering::BestOf(results)];
  auto fit = std::make_shared<FitOutcome>();
  fit->centers = best.centers;
  fit->inertia = best.inertia;
  fit->iterations = best.n_iter;
  fit->converged = best.converged;
  // Labels come from the same arithmetic that predicts.
  clustering::Parallel alone(1);
  clustering::AssignNearest(all, best.centers, alone, fit->all_labels);
  fit->training_labels.reserve(input_.training_rows.size());
  for (const int32_t row : input_.training_rows) {
    fit->training_labels.push_back(fit->all_labels[static_cast<size_t>(row)]);
  }
  return fit;
}

std::vector<TrainingRun> GridFitter::Assemble() {
  std::vector<TrainingRun> runs(points_.size());
  std::map<std::vector<size_t>, size_t> first_of;
  std::vector<size_t> firsts;
  for (size_t i = 0; i < points_.size(); ++i) {
    runs[i].point = points_[i];
    for (const size_t place : starts_of_[i]) {
      runs[i].fit_seconds += starts_[place].seconds / starts_[place].users;
    }
    const auto [first, is_first] = first_of.try_emplace(starts_of_[i], i);
    if (is_first) firsts.push_back(i);
    if (!is_first) runs[i].shared_from = points_[first->second].Id();
  }
  const clustering::RowBlocks all(input_.all);
  parallel_.For(firsts.size(), [&](size_t i) { runs[firsts[i]].fit = OutcomeOf(firsts[i], all); });
  for (size_t i = 0; i < runs.size(); ++i) runs[i].fit = runs[first_of[starts_of_[i]]].fit;
  return runs;
}

absl::StatusOr<std::vector<TrainingRun>> GridFitter::Fit() {
  CAIRN_RETURN_IF_ERROR(CheckPoints());
  CAIRN_ASSIGN_OR_RETURN(const KMeansContext context,
                         KMeansContext::Create(input_.training, parallel_));
  options_.sharing ? PlanShared() : PlanAlone();
  CAIRN_RETURN_IF_ERROR(RunStarts(context, 0));
  if (options_.sharing) CAIRN_RETURN_IF_ERROR(ResolveShared(context));
  for (const auto& places : starts_of_) {
    for (const size_t place : places) ++starts_[place].users;
  }
  return Assemble();
}

}  // namespace

absl::StatusOr<std::vector<TrainingRun>> FitGrid(const SweepInput& input,
                                                 const std::vector<GridPoint>& points,
                                                 const SweepOptions& options) {
  return GridFitter(input, points, options).Fit();
}

}  // namespace cairn::pipeline
