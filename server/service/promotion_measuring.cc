#include "server/service/promotion_measuring.h"

#include <memory>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/evaluation/inputs.h"
#include "server/evaluation/recording.h"
#include "server/registry/promotion.h"
#include "server/registry/situation.h"
#include "server/storage/mutation.h"

namespace cairn::service {
namespace {

using evaluation::MeasurementInputs;
using registry::NeededEvaluation;

// How often what arrives while it measures is measured, too.
constexpr int kMaxRounds = 3;

// OK for what can be told by the policy, and for a version that is gone meanwhile, which is no
// candidate any more, or that has all the evaluations it may have.
absl::Status UnlessUnsupported(const absl::Status& status) {
  for (const ErrorReason reason : {ErrorReason::EVALUATION_UNSUPPORTED,
                                   ErrorReason::MODEL_VERSION_NOT_FOUND, ErrorReason::TOO_LARGE}) {
    if (HasReason(status, reason)) return absl::OkStatus();
  }
  return status;
}

absl::StatusOr<MeasurementInputs> InputsOf(const storage::Snapshot& snapshot,
                                           const std::string& dataset_version,
                                           const NeededEvaluation& needed) {
  CAIRN_ASSIGN_OR_RETURN(
      MeasurementInputs inputs,
      evaluation::ReadInputs(snapshot, needed.version, dataset_version, needed.reference));
  inputs.repeats = static_cast<int>(needed.repeats);
  return inputs;
}

absl::Status RecordOnce(storage::KvStore& store, evaluation::Measurer& measurer,
                        const std::string& dataset_version, const NeededEvaluation& needed,
                        const storage::Stamp& stamp) {
  const auto snapshot = store.GetSnapshot();
  CAIRN_ASSIGN_OR_RETURN(const MeasurementInputs inputs,
                         InputsOf(*snapshot, dataset_version, needed));
  CAIRN_ASSIGN_OR_RETURN(const auto known, evaluation::FindRecorded(*snapshot, inputs));
  if (known.has_value()) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(const auto measured, measurer.Measure(inputs));
  storage::WriteSet write_set;
  CAIRN_RETURN_IF_ERROR(
      evaluation::AddRecord(*snapshot, inputs, *measured, stamp, write_set).status());
  return store.CommitAndWait(std::move(write_set)).status();
}

// Another evaluation of the version may be recorded at the same time.
absl::Status RecordOne(storage::KvStore& store, evaluation::Measurer& measurer,
                       const std::string& dataset_version, const NeededEvaluation& needed,
                       const storage::Stamp& stamp) {
  absl::Status status;
  for (int attempt = 0; attempt < storage::Mutator::kMaxAttempts; ++attempt) {
    status = RecordOnce(store, measurer, dataset_version, needed, stamp);
    if (!HasReason(status, ErrorReason::COMMIT_CONFLICT)) break;
  }
  return UnlessUnsupported(status);
}

}  // namespace

absl::StatusOr<registry::UnrecordedEvaluations> MeasureForDryRun(
    const storage::Snapshot& snapshot, evaluation::Measurer& measurer,
    const registry::NeededEvaluations& needed) {
  registry::UnrecordedEvaluations unrecorded;
  for (const NeededEvaluation& one : needed.missing) {
    const auto inputs = InputsOf(snapshot, needed.dataset_version, one);
    CAIRN_RETURN_IF_ERROR(UnlessUnsupported(inputs.status()));
    if (!inputs.ok()) continue;
    const auto measured = measurer.Measure(*inputs);
    CAIRN_RETURN_IF_ERROR(UnlessUnsupported(measured.status()));
    if (!measured.ok()) continue;
    unrecorded[one.version].push_back(evaluation::ToEvaluation(*inputs, **measured));
  }
  return unrecorded;
}

absl::Status MeasureAndRecord(storage::KvStore& store, evaluation::Measurer& measurer,
                              const registry::NeededEvaluations& needed,
                              const storage::Stamp& stamp) {
  for (const NeededEvaluation& one : needed.missing) {
    CAIRN_RETURN_IF_ERROR(RecordOne(store, measurer, needed.dataset_version, one, stamp));
  }
  return absl::OkStatus();
}

absl::StatusOr<storage::Plan> PlanMeasuredPromotion(storage::KvStore& store,
                                                    evaluation::Measurer& measurer,
                                                    const storage::Snapshot& snapshot,
                                                    const v1::PromoteRequest& request,
                                                    const storage::Stamp& stamp,
                                                    std::optional<int64_t>& first_epoch) {
  CAIRN_ASSIGN_OR_RETURN(registry::Situation situation,
                         registry::ReadSituation(snapshot, request.name(), request.version()));
  auto needed = registry::FindNeededEvaluations(situation, stamp.unix_nanos);
  if (needed.missing.empty()) {
    return registry::PlanPromote(snapshot, std::move(situation), request, stamp, first_epoch);
  }
  if (!request.validate_only()) {
    std::unique_ptr<storage::Snapshot> now;
    // Versions, data and another champion may have come while it measured.
    for (int round = 0; round < kMaxRounds && !needed.missing.empty(); ++round) {
      CAIRN_RETURN_IF_ERROR(MeasureAndRecord(store, measurer, needed, stamp));
      now = store.GetSnapshot();
      CAIRN_ASSIGN_OR_RETURN(situation,
                             registry::ReadSituation(*now, request.name(), request.version()));
      auto still = registry::FindNeededEvaluations(situation, stamp.unix_nanos);
      // What cannot be measured stays missing.
      if (still == needed) break;
      needed = std::move(still);
    }
    return registry::PlanPromote(*now, std::move(situation), request, stamp, first_epoch);
  }
  CAIRN_ASSIGN_OR_RETURN(const auto unrecorded, MeasureForDryRun(snapshot, measurer, needed));
  registry::AddUnrecorded(unrecorded, situation);
  return registry::PlanPromote(snapshot, std::move(situation), request, stamp, first_epoch);
}

}  // namespace cairn::service
