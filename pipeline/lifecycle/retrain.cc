#include "pipeline/lifecycle/retrain.h"

#include <fmt/format.h>

#include <utility>

#include "lib/base/status_macros.h"
#include "lib/model/predictor.h"
#include "pipeline/lifecycle/champion_features.h"
#include "pipeline/lifecycle/drift_record.h"
#include "pipeline/stages/run_record.h"
#include "pipeline/stages/training_stages.h"

namespace cairn::pipeline {
namespace {

// One turn with what its steps hand on.
class Turn {
 public:
  Turn(client::Client& client, const RetrainRequest& request, const MakePublisher& publisher,
       const RunObserver& observer, const Say& say)
      : client_(client),
        request_(request),
        make_publisher_(publisher),
        observer_(observer),
        say_(say) {}

  absl::StatusOr<RetrainResult> Take() {
    CAIRN_ASSIGN_OR_RETURN(champion_,
                           FetchChampion(client_, request_.run.config.registration.model, ""));
    result_.champion_before = champion_ ? champion_->version : "";
    result_.champion_after = result_.champion_before;
    result_.drift.batch = request_.batch;
    result_.drift.limits = Limits();
    if (VerdictOf(result_.drift) == DriftVerdict::kBroken) {
      return EndWith(RetrainOutcome::kHeldBack, "held_back", ReasonsOf(result_.drift));
    }
    if (request_.collecting && !champion_) {
      return EndWith(RetrainOutcome::kCollecting, "collecting",
                     {"there is too little history for a first model"});
    }
    CAIRN_RETURN_IF_ERROR(MeasureData());
    if (!IsNeeded()) {
      return EndWith(RetrainOutcome::kNotNeeded, "not_needed",
                     {fmt::format("the data is {}, and only drift is a reason to train",
                                  DriftVerdictName(VerdictOf(result_.drift)))});
    }
    CAIRN_RETURN_IF_ERROR(Train());
    CAIRN_RETURN_IF_ERROR(MeasureModel());
    CAIRN_RETURN_IF_ERROR(Record(current_dataset_));
    CAIRN_RETURN_IF_ERROR(Decide());
    return std::move(result_);
  }

 private:
  // How the customers of today differ from those of the champion, and what it makes of them.
  absl::Status MeasureData() {
    if (!champion_) return absl::OkStatus();
    RunRequest only = request_.run;
    only.only = "features";
    CAIRN_ASSIGN_OR_RETURN(const RunOutcome outcome, RunPipeline(only, RunObserver{}, nullptr));
    result_.features = outcome.features;
    input_sha256_ = outcome.input.Hex();
    CAIRN_RETURN_IF_ERROR(GoBackToTheBeginning(outcome.sweep_key));
    if (!champion_) return absl::OkStatus();
    CAIRN_ASSIGN_OR_RETURN(predictor_, model::Predictor::FromFile(champion_->model));
    CAIRN_ASSIGN_OR_RETURN(const StoredFeatures reference,
                           FetchTrainingFeatures(client_, champion_->version));
    reference_dataset_ = reference.dataset_version;
    CAIRN_ASSIGN_OR_RETURN(result_.drift.features,
                           MeasureDrift(reference.features, result_.features, Limits().features));
    CAIRN_ASSIGN_OR_RETURN(result_.drift.decay,
                           MeasureDecay(*predictor_, reference.features, result_.features,
                                        Limits().model, request_.run.config.threads));
    return absl::OkStatus();
  }

  const MonitoringLimits& Limits() const { return request_.run.config.monitoring; }

  // Where the champion came of this very data, by a turn like this one: it is taken again with the
  // champion that it had, so that its record is found and not made twice. Where only drift is a
  // reason, the champion's own data is none.
  absl::Status GoBackToTheBeginning(const std::string& sweep_key) {
    if (request_.when != RetrainWhen::kAlways) return absl::OkStatus();
    CAIRN_ASSIGN_OR_RETURN(
        champion_, FetchChampion(client_, request_.run.config.registration.model, sweep_key));
    return absl::OkStatus();
  }

  bool IsNeeded() const {
    return !champion_ || request_.when == RetrainWhen::kAlways ||
           VerdictOf(result_.drift) == DriftVerdict::kDrifted;
  }

  absl::Status Train() {
    CAIRN_ASSIGN_OR_RETURN(const auto publisher, make_publisher_());
    CAIRN_ASSIGN_OR_RETURN(result_.trained, RunPipeline(request_.run, observer_, publisher.get()));
    const PublishSummary& published = result_.trained->published;
    result_.versions = published.versions;
    input_sha256_ = result_.trained->input.Hex();
    result_.features = result_.trained->features;
    const auto features = static_cast<size_t>(DatasetRole::kFeatures);
    if (features < published.datasets.size()) current_dataset_ = published.datasets[features];
    return absl::OkStatus();
  }

  // What the chosen run makes of the customers, beside the champion.
  absl::Status MeasureModel() {
    if (!champion_) return absl::OkStatus();
    const RunOutcome& outcome = *result_.trained;
    const size_t chosen = outcome.selection.rows[outcome.selection.chosen].run;
    CAIRN_ASSIGN_OR_RETURN(const auto challenger, model::Predictor::Create(BuildModel(
                                                      outcome.preparation, outcome.runs[chosen],
                                                      request_.run.config, outcome.input.Hex())));
    CAIRN_ASSIGN_OR_RETURN(result_.drift.shift,
                           MeasureShift(challenger, *predictor_, outcome.features, Limits().model,
                                        request_.run.config.threads));
    return absl::OkStatus();
  }

  absl::Status Record(const std::string& current_dataset) {
    DriftSubject subject;
    subject.experiment = request_.run.config.registration.experiment + "-monitoring";
    subject.name = fmt::format("drift {}", request_.name);
    subject.champion = champion_ ? champion_->version : "";
    subject.reference_dataset = reference_dataset_;
    subject.current_dataset = current_dataset;
    subject.input_sha256 = input_sha256_;
    CAIRN_ASSIGN_OR_RETURN(result_.drift_run, RecordDrift(client_, subject, result_.drift));
    return absl::OkStatus();
  }

  // Ends the turn before anything is trained.
  absl::StatusOr<RetrainResult> EndWith(RetrainOutcome outcome, std::string word,
                                        std::vector<std::string> reasons) {
    CAIRN_RETURN_IF_ERROR(Record(""));
    result_.outcome = outcome;
    result_.outcome_word = std::move(word);
    result_.reasons = std::move(reasons);
    return std::move(result_);
  }

  absl::Status Decide() {
    CAIRN_ASSIGN_OR_RETURN(result_.decision,
                           Promote(client_, request_.run.config.registration.model, say_));
    const v1::Decision& decision = *result_.decision;
    result_.outcome_word = OutcomeWord(decision);
    result_.reasons = {decision.message()};
    switch (decision.outcome()) {
      case v1::Decision::PROMOTED:
        result_.outcome = RetrainOutcome::kPromoted;
        result_.champion_after = decision.chosen_version();
        break;
      case v1::Decision::NO_CHANGE:
        result_.outcome = RetrainOutcome::kNoChange;
        break;
      case v1::Decision::REFUSED:
        result_.outcome = RetrainOutcome::kRefused;
        break;
      default:
        result_.outcome = RetrainOutcome::kOther;
    }
    for (std::string& refusal : RefusalsOf(decision, result_.versions)) {
      result_.reasons.push_back(std::move(refusal));
    }
    return absl::OkStatus();
  }

  client::Client& client_;
  const RetrainRequest& request_;
  const MakePublisher& make_publisher_;
  const RunObserver& observer_;
  const Say& say_;
  std::optional<Champion> champion_;           // Before this turn or an earlier attempt at it.
  std::optional<model::Predictor> predictor_;  // Of the champion.
  std::string reference_dataset_;
  std::string current_dataset_;
  std::string input_sha256_;
  RetrainResult result_;
};

}  // namespace

absl::StatusOr<RetrainResult> Retrain(client::Client& client, const RetrainRequest& request,
                                      const MakePublisher& publisher, const RunObserver& observer,
                                      const Say& say) {
  return Turn(client, request, publisher, observer, say).Take();
}

}  // namespace cairn::pipeline
