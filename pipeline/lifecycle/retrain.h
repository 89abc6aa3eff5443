#ifndef CAIRN_PIPELINE_LIFECYCLE_RETRAIN_H_
#define CAIRN_PIPELINE_LIFECYCLE_RETRAIN_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/promotion.pb.h"
#include "lib/client/client.h"
#include "pipeline/lifecycle/promote.h"
#include "pipeline/monitoring/drift_json.h"
#include "pipeline/register/champion.h"
#include "pipeline/stages/runner.h"

namespace cairn::pipeline {

// The life of a model after its first training, one turn of it: new data comes, its drift against
// the champion's own data is measured, a model is trained if it should be, registered, and the
// policy decides.
//
//   data ─▶ drift ─┬─▶ broken: nothing is trained, production stays
//                  ├─▶ stable, and only drift is a reason: nothing to do
//                  └─▶ train ─▶ register ─▶ champion and challenger on the same data ─▶ decision
//
// Every measurement is kept as a run and as evidence of the champion (drift_record.h).

enum class RetrainWhen {
  kAlways,     // Whatever the drift, unless the data is broken.
  kIfDrifted,  // Only on the verdict "drifted", or without a champion.
};

// What became of one turn, as a word that never changes.
enum class RetrainOutcome {
  kPromoted,    // A new version is served: "promoted".
  kNoChange,    // The champion stays, being the best: "no_change".
  kRefused,     // No candidate passed: "refused".
  kHeldBack,    // The data is broken, nothing was trained: "held_back".
  kNotNeeded,   // Stable, nothing was trained: "not_needed".
  kCollecting,  // Too little history for a first model: "collecting".
  kOther,       // What the server's decision says otherwise, such as "not_enforced".
};

struct RetrainRequest {
  RunRequest run;    // `run.out` must be a folder: stages are shared between drift and training.
  std::string name;  // Of the delivery, for people: `2011-03`.
  std::optional<BatchReport> batch;  // What is known of the delivery as a whole.
  RetrainWhen when = RetrainWhen::kAlways;
  bool collecting = false;  // Whether there is too little history to train without a champion.
};

struct RetrainResult {
  RetrainOutcome outcome = RetrainOutcome::kOther;
  std::string outcome_word;  // As above, or that of the decision.
  DriftFindings drift;
  std::string drift_run;        // Resource name.
  std::string champion_before;  // Served when the turn began; empty for none.
  std::string champion_after;
  std::vector<std::string> versions;            // That this turn registered or found again.
  std::optional<cairn::v1::Decision> decision;  // Nothing when none was asked for.
  std::vector<std::string> reasons;             // Why it came so, a sentence each.
  std::optional<RunOutcome> trained;
  FeatureMatrix features;  // Of the customers of today; empty when the data was held back.
};

// Makes the publisher of one training; called when one is needed.
using MakePublisher = std::function<absl::StatusOr<std::unique_ptr<Publisher>>()>;

// One turn. A refusal, broken data or a decision that changes nothing are results, not errors.
// FAILED_PRECONDITION and others as RunPipeline, FetchTrainingFeatures, Promote and RecordDrift
// give them; what was registered before the error stays and is found again by the next attempt.
absl::StatusOr<RetrainResult> Retrain(client::Client& client, const RetrainRequest& request,
                                      const MakePublisher& publisher, const RunObserver& observer,
                                      const Say& say);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_LIFECYCLE_RETRAIN_H_
