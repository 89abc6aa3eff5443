#ifndef CAIRN_SERVER_REGISTRY_EVALUATIONS_H_
#define CAIRN_SERVER_REGISTRY_EVALUATIONS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/evaluations.pb.h"
#include "cairn/v1/registry.pb.h"
#include "lib/promotion/evidence.h"
#include "server/records/evaluation_records.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"
#include "server/storage/stamp.h"

namespace cairn::registry {

// Use cases on evaluations: what was measured of model versions. Pure but for reading. Errors are
// those of EvaluationService's methods of the same name.
//
// An evaluation that is final never changes: its record is written at most twice, once while it is
// open and once when it is sealed. Its number is the next of its version's; two that are planned at
// once guard the same counter, so one of them is planned again.

using records::kMaxEvaluations;
// Values of one evaluation, and evaluations that a version is registered with.
inline constexpr int kMaxEvaluationValues = 1000;
inline constexpr int kMaxFirstEvaluations = 100;

// Records what a client reports. What the server knows of it is filled in: digests, source, times,
// definitions that are empty; whatever a client says of these is dropped.
absl::StatusOr<storage::Plan> PlanCreateEvaluation(
    const storage::Snapshot& snapshot, const cairn::v1::CreateEvaluationRequest& request,
    const storage::Stamp& stamp);

// Adds the last values and makes an evaluation final. Guards its record.
absl::StatusOr<storage::Plan> PlanSealEvaluation(const storage::Snapshot& snapshot,
                                                 const cairn::v1::SealEvaluationRequest& request,
                                                 const storage::Stamp& stamp);

absl::StatusOr<cairn::v1::Evaluation> GetEvaluation(const storage::Snapshot& snapshot,
                                                    const cairn::v1::GetEvaluationRequest& request);

// One page, the newest first; `models/m/versions/-` means of all versions, those of the newest
// version first.
absl::StatusOr<cairn::v1::ListEvaluationsResponse> ListEvaluations(
    const storage::Snapshot& snapshot, const cairn::v1::ListEvaluationsRequest& request);

// The evaluations that a version is to be registered with, checked. Their `run` is the version's
// unless they name another. INVALID_ARGUMENT naming `evaluations[i]`.
absl::StatusOr<std::vector<cairn::v1::Evaluation>> CheckFirstEvaluations(
    const storage::Snapshot& snapshot, const cairn::v1::CreateModelVersionRequest& request,
    storage::WriteSet& write_set);

// All evaluations of a version that are final, as a decision reads them.
absl::StatusOr<std::vector<promotion::EvaluationRead>> ReadFinalEvaluations(
    const storage::Snapshot& snapshot, std::string_view model, int64_t version);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_EVALUATIONS_H_
