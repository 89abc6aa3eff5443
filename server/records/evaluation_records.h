#ifndef CAIRN_SERVER_RECORDS_EVALUATION_RECORDS_H_
#define CAIRN_SERVER_RECORDS_EVALUATION_RECORDS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/internal/records.pb.h"
#include "cairn/v1/evaluations.pb.h"
#include "cairn/v1/registry.pb.h"
#include "lib/base/resource_names.h"
#include "server/storage/kv_store.h"
#include "server/storage/stamp.h"
#include "server/storage/typed_record.h"
#include "server/storage/write_set.h"

namespace cairn::records {

// How evaluations are recorded, whoever measured: clients report them (registry/), the server
// measures (evaluation/). Pure but for reading.
//
// The number of an evaluation is the next of its version's. Two that are planned at once guard the
// same counter, so one of them is planned again.

// Of one version; more are refused as TOO_LARGE.
inline constexpr int64_t kMaxEvaluations = 10'000;

// How many evaluations a version ever had, and where that stands; zeros for one that had none.
struct EvaluationCounter {
  int64_t value = 0;
  storage::Revision revision = 0;
};

absl::StatusOr<EvaluationCounter> ReadEvaluationCounter(const storage::Snapshot& snapshot,
                                                        std::string_view version_name);

// The evaluation `name`. INVALID_ARGUMENT (NAME_INVALID), NOT_FOUND (EVALUATION_NOT_FOUND).
absl::StatusOr<storage::Stored<cairn::internal::EvaluationRecord>> ReadEvaluation(
    const storage::Snapshot& snapshot, std::string_view name);

// The stored form.
std::string EvaluationPayload(cairn::v1::Evaluation evaluation);

// Adds `evaluations` to `write_set` as the next of `version`, which has its name and digest, and
// fills in what follows from that: names, the digest, times and who recorded it. That the version
// is there when the commit is applied is for the caller. At most once in a write set for a version.
//
// RESOURCE_EXHAUSTED (TOO_LARGE): the version would have more than kMaxEvaluations.
absl::Status AppendEvaluations(const cairn::v1::ModelVersion& version,
                               const EvaluationCounter& counter, const storage::Stamp& stamp,
                               std::span<cairn::v1::Evaluation> evaluations,
                               storage::WriteSet& write_set);

// Adds to `write_set` that a new version, which has its name and the bytes of the version that the
// evaluations are of, has them as its first: only their names are others. Who measured what, when
// and by whose word stays.
absl::Status CopyEvaluations(const cairn::v1::ModelVersion& version,
                             std::span<cairn::v1::Evaluation> evaluations,
                             storage::WriteSet& write_set);

// Adds to `write_set` that all evaluations of a version are gone, with what leads to them, and that
// none is recorded meanwhile. No events: that of the version's deletion tells it.
absl::Status DeleteEvaluations(const storage::Snapshot& snapshot, const VersionName& version,
                               storage::WriteSet& write_set);

}  // namespace cairn::records

#endif  // CAIRN_SERVER_RECORDS_EVALUATION_RECORDS_H_
