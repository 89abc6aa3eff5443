#include "pipeline/stages/training_stages.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/evaluation/measure.h"
#include "lib/model/model_file.h"
#include "pipeline/data/table_csv.h"
#include "pipeline/stages/cached_values.h"
#include "pipeline/stages/degenerate.h"
#include "pipeline/stages/features_stage.h"
#include "pipeline/stages/run_record.h"
#include "pipeline/stages/segment_identity.h"

namespace cairn::pipeline {
namespace {

// Runs with one outcome publish one text.
struct PublishedLabels {
  std::map<const FitOutcome*, SharedText> texts;
};

std::vector<GridPoint> PointsOf(const PipelineConfig& config) {
  return config.sweep.grid.Points(config.seed);
}

SweepInput InputOf(StageRun* run) {
  return MakeSweepInput(run->outcome().preparation, run->outcome().outliers);
}

SweepOptions OptionsOf(const PipelineConfig& config) {
  SweepOptions options;
  options.tol = config.sweep.tol;
  options.sharing = config.sweep.sharing;
  options.threads = config.threads;
  options.min_share = config.registration.min_share;
  return options;
}

absl::Status NothingToTrain(const SweepInput& input, const std::vector<GridPoint>& points) {
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::VALUE_INVALID,
               LeftOutPoints(input, points, {}) + "; nothing is left of it")
      .With("field", "sweep.k")
      .ToStatus();
}

CountWatch TellCounts(const StageRun* run, std::string_view stage, std::string_view unit) {
  return [run, stage, unit](size_t done, size_t total) {
    run->Tell({.stage = stage,
               .unit = unit,
               .done = static_cast<int64_t>(done),
               .total = static_cast<int64_t>(total)});
  };
}

absl::Status ComputeSweep(StageRun* run, StageRecord* record) {
  const SweepInput input = InputOf(run);
  const auto points = PointsOf(run->config());
  const auto feasible = FeasiblePoints(input, points);
  if (feasible.empty()) return NothingToTrain(input, points);
  auto& runs = run->outcome().runs;
  SweepOptions options = OptionsOf(run->config());
  options.started = TellStarts(run, "sweep");
  CAIRN_ASSIGN_OR_RETURN(runs, FitGrid(input, feasible, options));
  CAIRN_RETURN_IF_ERROR(NumberSegments(run, &runs));
  record->rows_in = record->rows_out = static_cast<int64_t>(input.training.rows());
  record->counts = {{"runs", static_cast<int64_t>(runs.size())}};
  return absl::OkStatus();
}

absl::Status FollowSweep(StageRun* run, const StageRecord&) {
  const std::string said =
      LeftOutPoints(InputOf(run), PointsOf(run->config()), run->outcome().runs);
  if (!said.empty()) run->Print("warning: " + said);
  return absl::OkStatus();
}

std::map<std::string, std::string> TagsOf(StageRun* run, const TrainingRun& training) {
  const RunOutcome& outcome = run->outcome();
  std::map<std::string, std::string> tags = {{"cairn.sweep", outcome.sweep_key},
                                             {"cairn.point", training.point.Id()},
                                             {"cairn.preset", run->config().preset},
                                             {"cairn.input", outcome.input.Hex()}};
  if (!training.shared_from.empty()) tags["shared_from"] = training.shared_from;
  return tags;
}

absl::Status PublishRun(StageRun* run, size_t index) {
  const TrainingRun& training = run->outcome().runs[index];
  RunDraft draft;
  draft.index = index;
  draft.point = training.point.Id();
  draft.params = RunParams(training, run->config());
  draft.tags = TagsOf(run, training);
  draft.metrics = RunMetrics(training);
  if (const double price = run->config().prices.cpu_hour; price > 0) {
    draft.metrics.emplace_back("cost",
                               (training.fit_seconds + training.evaluate_seconds) / 3600 * price);
  }
  CAIRN_ASSIGN_OR_RETURN(draft.model, ModelOf(run, training));
  SharedText& labels = run->Own<PublishedLabels>().texts[training.fit.get()];
  if (labels == nullptr) labels = Share(LabelsOf(run, training));
  draft.labels = labels;
  return run->publisher()->AddRun(std::move(draft));
}

// Each run is published once all is known of it, just as a run from the cache would be: those that
// stand for their k wait for their evidence.
absl::Status ComputeEvaluate(StageRun* run, StageRecord* record) {
  const PipelineConfig& config = run->config();
  auto& runs = run->outcome().runs;
  const SweepInput input = InputOf(run);
  const bool publishes = run->publisher() != nullptr;
  SweepOptions options = OptionsOf(config);
  options.sample_seed = evaluation::SampleSeed(FeaturesSha256(*run));
  std::set<size_t> standing;
  const RunSink sink = [&](const TrainingRun&, size_t index) -> absl::Status {
    // What they are chosen by is measured before the first run is handed over.
    if (standing.empty()) {
      const auto chosen = RepresentativeRuns(runs, options.min_share);
      standing.insert(chosen.begin(), chosen.end());
    }
    return publishes && !standing.contains(index) ? PublishRun(run, index) : absl::OkStatus();
  };
  options.hand_on_early = publishes;
  options.measured = TellCounts(run, "evaluate", kRunsUnit);
  CAIRN_RETURN_IF_ERROR(EvaluateRuns(input, options, sink, &runs));
  CAIRN_RETURN_IF_ERROR(
      MeasureEvidence(input, options, RepresentativeRuns(runs, options.min_share), &runs));
  for (const size_t index : standing) {
    if (publishes) CAIRN_RETURN_IF_ERROR(PublishRun(run, index));
  }
  record->rows_in = record->rows_out = static_cast<int64_t>(input.training.rows());
  return absl::OkStatus();
}

// Runs that were measured now are published already.
absl::Status FollowEvaluate(StageRun* run, const StageRecord& record) {
  if (!record.cached || run->publisher() == nullptr) return absl::OkStatus();
  for (size_t i = 0; i < run->outcome().runs.size(); ++i) {
    CAIRN_RETURN_IF_ERROR(PublishRun(run, i));
  }
  return absl::OkStatus();
}

EncodeJob KeepRuns(StageRun* run, const std::vector<StageRecord>& records) {
  return Encoded(EncodeRuns(run->outcome().runs, records));
}

bool TakeRuns(StageRun* run, std::string_view bytes, std::vector<StageRecord>* records) {
  return DecodeRuns(bytes, &run->outcome().runs, records);
}

}  // namespace

CountWatch TellStarts(const StageRun* run, std::string_view stage) {
  return TellCounts(run, stage, kStartsUnit);
}

std::string SweepSettings(const PipelineConfig& config) {
  // Sharing is left out on purpose: it changes no result.
  std::string text = fmt::format("tol={};", ShortestDouble(config.sweep.tol));
  for (const GridPoint& point : PointsOf(config)) text += point.Id() + ";";
  return text + config.segments_after;
}

StageWork SweepWork() {
  StageWork work;
  work.compute = ComputeSweep;
  work.follow = FollowSweep;
  work.encode = KeepRuns;
  work.forms = {{"", TakeRuns}};
  return work;
}

std::string EvaluateSettings(const PipelineConfig& config) {
  return fmt::format("min_share={}", ShortestDouble(config.registration.min_share));
}

StageWork EvaluateWork() {
  StageWork work;
  work.compute = ComputeEvaluate;
  work.follow = FollowEvaluate;
  work.encode = KeepRuns;
  work.forms = {{"", TakeRuns}};
  work.kept_from = "sweep";
  return work;
}

std::string SweepKey(const StageRun& run) {
  PipelineConfig config = run.config();
  config.segments_after.clear();
  return Sha256Hex(StageKey("evaluate", config, run.outcome().input.Hex()) + "\n" +
                   config.registration.label)
      .substr(0, 32);
}

absl::Status FollowChampion(const ChampionFinder& find, StageRun* run) {
  if (run->request().champion) {
    run->Follow(*run->request().champion);
    return absl::OkStatus();
  }
  if (!find) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(auto champion, find(SweepKey(*run)));
  if (!champion) return absl::OkStatus();
  run->Print(fmt::format("segments: numbers and names follow {}", champion->version));
  run->Follow(*std::move(champion));
  return absl::OkStatus();
}

absl::StatusOr<std::string> ModelOf(StageRun* run, const TrainingRun& training) {
  auto model =
      BuildModel(run->outcome().preparation, training, run->config(), FeaturesSha256(*run));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<NamedSegment> segments, SegmentsOf(run, training));
  for (const NamedSegment& named : segments) {
    auto* segment = model.add_segments();
    segment->set_name(named.name);
    segment->set_summary(named.summary);
    segment->set_customer_share(named.customer_share);
    segment->set_spend_share(named.spend_share);
  }
  if (run->champion()) model.set_named_after(run->champion()->version);
  return model::SerializeModel(model);
}

std::string LabelsOf(StageRun* run, const TrainingRun& training) {
  const FeatureMatrix& features = run->outcome().features;
  return LabelsCsv("CustomerID", features.customer_ids, "Segment", training.fit->all_labels,
                   features.customer_names);
}

}  // namespace cairn::pipeline
