// Walks the table of stages: each is taken from the cache or computed, recorded and kept.

#include "pipeline/stages/runner.h"

#include <time.h>

#include <chrono>
#include <optional>
#include <utility>

#include "lib/base/status_macros.h"
#include "pipeline/stages/run_record.h"
#include "pipeline/stages/stage_run.h"
#include "pipeline/stages/stage_walk.h"
#include "pipeline/stages/training_stages.h"

namespace cairn::pipeline {
namespace {

double SecondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// CPU time of all threads of the process so far.
double ProcessSeconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

absl::Status SettleAndRecord(const StageInfo& stage, StageRecord record, StageRun* run) {
  const int64_t written = run->bytes_written();
  if (stage.work.settle) CAIRN_RETURN_IF_ERROR(stage.work.settle(run, &record));
  if (!record.cached) record.bytes_stored = run->bytes_written() - written;
  run->Record(std::move(record));
  return absl::OkStatus();
}

absl::Status Follow(const StageInfo& stage, StageRun* run) {
  if (!stage.work.follow) return absl::OkStatus();
  return stage.work.follow(run, run->RecordOf(stage.name));
}

// Makes and stores the entry in the background.
void Keep(const StageInfo& stage, StageRun* run) {
  if (!run->cache().enabled() || !stage.work.encode) return;
  EncodeJob encode = stage.work.encode(run, run->RecordsFrom(KeptFrom(stage), stage.name));
  if (!encode) return;
  run->out().Run([cache = &run->cache(), name = stage.name, key = run->Key(stage.name),
                  encode = std::move(encode)] { return cache->Store(name, key, encode()); });
}

absl::Status Compute(const StageInfo& stage, StageRun* run) {
  StageRecord record;
  record.name = std::string(stage.name);
  record.key = run->Key(stage.name);
  const auto begin = std::chrono::steady_clock::now();
  const double cpu_begin = ProcessSeconds();
  run->Tell({.stage = stage.name});
  CAIRN_RETURN_IF_ERROR(stage.work.compute(run, &record));
  record.seconds = SecondsSince(begin);
  record.cpu_seconds = ProcessSeconds() - cpu_begin;
  CAIRN_RETURN_IF_ERROR(SettleAndRecord(stage, std::move(record), run));
  Keep(stage, run);
  return Follow(stage, run);
}

absl::Status Adopt(WalkStep step, StageRun* run) {
  for (size_t place = step.first; place <= step.last; ++place) {
    const StageInfo& stage = StageGraph()[place];
    CAIRN_RETURN_IF_ERROR(SettleAndRecord(stage, std::move(step.records[place - step.first]), run));
    CAIRN_RETURN_IF_ERROR(Follow(stage, run));
  }
  return absl::OkStatus();
}

absl::Status Begin(StageRun* run) {
  const PipelineConfig& config = run->config();
  const std::string& key = run->outcome().sweep_key = SweepKey(*run);
  Publisher* const publisher = run->publisher();
  if (publisher == nullptr) return FollowChampion(nullptr, run);
  CAIRN_RETURN_IF_ERROR(publisher->Begin(key, config.sweep.grid.Points(config.seed).size()));
  return FollowChampion([publisher](const std::string&) { return publisher->FindChampion(); }, run);
}

// What tells of all stages.
absl::Status Finish(StageRun* run) {
  const RunOutcome& outcome = run->outcome();
  if (!outcome.runs.empty() && outcome.selected) {
    run->out().Write("runs.json", RunsJson(outcome.runs, run->config(), outcome.selection,
                                           outcome.published.runs));
  }
  run->out().Write("stages.json", StagesJson(outcome.stages));
  return run->out().Wait();
}

}  // namespace

absl::StatusOr<RunOutcome> RunPipeline(const RunRequest& request, const RunObserver& observer,
                                       Publisher* publisher) {
  StageRun run(request, observer, publisher);
  CAIRN_ASSIGN_OR_RETURN(StageWalk walk, StageWalk::Of(request, publisher != nullptr));
  CAIRN_RETURN_IF_ERROR(CheckConfig(request.config));
  CAIRN_RETURN_IF_ERROR(run.out().Prepare());
  CAIRN_RETURN_IF_ERROR(run.ReadInput());
  CAIRN_RETURN_IF_ERROR(Begin(&run));
  while (std::optional<WalkStep> step = walk.Next(&run)) {
    const StageInfo& stage = StageGraph()[step->first];
    CAIRN_RETURN_IF_ERROR(step->cached() ? Adopt(*std::move(step), &run) : Compute(stage, &run));
  }
  CAIRN_RETURN_IF_ERROR(Finish(&run));
  return std::move(run.outcome());
}

}  // namespace cairn::pipeline
