#ifndef CAIRN_SERVER_TRACKING_RUNS_H_
#define CAIRN_SERVER_TRACKING_RUNS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/internal/records.pb.h"
#include "cairn/v1/tracking.pb.h"
#include "lib/base/resource_names.h"
#include "server/index/damage_log.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"
#include "server/storage/typed_record.h"

namespace cairn::tracking {

// Use cases on the life of a run: reads at a snapshot, and plans of mutations
// for the Mutator. Pure but for reading. Errors are those of TrackingService's
// methods of the same name.
//
// A run's own record holds its state; parameters, tags and metric summaries
// have keys of their own, so that logging never conflicts with logging.

// What a request brings from outside the store, fixed before planning so that a
// plan can be made again with the same result.
struct CallFacts {
  int64_t now_unix_nanos = 0;
  std::string new_id;               // 32 hexadecimal characters, unused elsewhere
  std::string principal = "local";  // who calls
};

// The stored form of a parameter or a tag.
std::string ValuePayload(std::string_view value);

// A run's name that may have `-` for the experiment, whose number is then -1.
// INVALID_ARGUMENT (NAME_INVALID) naming `field`.
absl::StatusOr<RunName> ParseRunReference(std::string_view field, std::string_view name);

// The run's own record; NOT_FOUND (RUN_NOT_FOUND). `name` may have `-` for the
// experiment; a wrong experiment number is NOT_FOUND too.
absl::StatusOr<storage::Stored<cairn::internal::RunRecord>> ReadRunRecord(
    const storage::Snapshot& snapshot, std::string_view field, std::string_view name);

// As ReadRunRecord, but FAILED_PRECONDITION (RUN_DELETED) for a deleted run.
absl::StatusOr<storage::Stored<cairn::internal::RunRecord>> ReadLiveRun(
    const storage::Snapshot& snapshot, std::string_view field, std::string_view name);

// The whole resource: the record with its params, tags and metric summaries.
absl::StatusOr<cairn::v1::Run> AssembleRun(const storage::Snapshot& snapshot,
                                           storage::Stored<cairn::internal::RunRecord> stored);

// The whole resource, with its etag.
absl::StatusOr<cairn::v1::Run> GetRun(const storage::Snapshot& snapshot,
                                      const cairn::v1::GetRunRequest& request);

// A damaged run is noted in `damage`, if given, and left out.
absl::StatusOr<cairn::v1::ListRunsResponse> ListRuns(const storage::Snapshot& snapshot,
                                                     const cairn::v1::ListRunsRequest& request,
                                                     index::DamageLog* damage = nullptr);

absl::StatusOr<storage::Plan> PlanCreateRun(const storage::Snapshot& snapshot,
                                            const cairn::v1::CreateRunRequest& request,
                                            const CallFacts& facts);

// Ends a run at `now_unix_nanos` by the machine's clock. If that is before the start, the
// clock was set back meanwhile: then the run ends when it began, and its state message
// says why.
void StampEnd(int64_t now_unix_nanos, cairn::v1::Run& run);

// Finishing a run again with the same state changes nothing.
absl::StatusOr<storage::Plan> PlanFinishRun(const storage::Snapshot& snapshot,
                                            const cairn::v1::FinishRunRequest& request,
                                            const CallFacts& facts);

// Marks the run as deleted; everything of it stays until it is purged.
absl::StatusOr<storage::Plan> PlanDeleteRun(const storage::Snapshot& snapshot,
                                            const cairn::v1::DeleteRunRequest& request,
                                            const CallFacts& facts);

absl::StatusOr<storage::Plan> PlanUndeleteRun(const storage::Snapshot& snapshot,
                                              const cairn::v1::UndeleteRunRequest& request,
                                              const CallFacts& facts);

// Replaces the record of a run, which must be as it was when `stored` was read, and
// answers with the whole resource. `write_set` may hold more of the same change.
absl::StatusOr<storage::Plan> PlanReplaceRun(
    const storage::Snapshot& snapshot, const storage::Stored<cairn::internal::RunRecord>& stored,
    cairn::v1::Run run, cairn::v1::Event::Kind event, storage::WriteSet write_set = {});

// Brings the names of `outputs` into canonical spelling and adds to `write_set` the
// lineage edges from `run_name` to them and the conditions that they exist.
// NOT_FOUND (DATASET_VERSION_NOT_FOUND, MODEL_VERSION_NOT_FOUND).
absl::Status ResolveOutputs(const storage::Snapshot& snapshot, std::string_view run_name,
                            google::protobuf::RepeatedPtrField<cairn::v1::RunOutput>& outputs,
                            storage::WriteSet& write_set);

// Fills in the manifest digests of `inputs` and adds to `write_set` the lineage
// edges from the data set versions to `run_name` and the conditions that they
// exist. NOT_FOUND (DATASET_VERSION_NOT_FOUND).
absl::Status ResolveInputs(const storage::Snapshot& snapshot, std::string_view run_name,
                           google::protobuf::RepeatedPtrField<cairn::v1::RunInput>& inputs,
                           storage::WriteSet& write_set);

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_RUNS_H_
