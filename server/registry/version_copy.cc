// Versions that are made of other versions.

#include <string>
#include <utility>
#include <vector>

#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/records/blob_refs.h"
#include "server/records/dataset_refs.h"
#include "server/records/evaluation_records.h"
#include "server/registry/evaluations.h"
#include "server/registry/limits.h"
#include "server/registry/models.h"
#include "server/registry/version_creation.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::registry {
namespace {

using cairn::v1::Evaluation;
using cairn::v1::ModelVersion;
using storage::Plan;
using storage::Snapshot;
using storage::WriteSet;

// What was registered, without what was said of it since and without what the copy gets anew.
ModelVersion CopyOf(ModelVersion source) {
  source.set_copied_from(source.name());
  source.set_state(ModelVersion::READY);
  source.clear_name();
  source.clear_description();
  source.clear_tags();
  source.clear_aliases();
  source.clear_update_time();
  source.clear_etag();
  return source;
}

// What one commit takes.
constexpr size_t kMaxCopiedEvaluations = 1000;

// The final evaluations of the source, whose data sets the copy uses from now on.
absl::StatusOr<std::vector<Evaluation>> TakeEvaluations(const Snapshot& snapshot,
                                                        const VersionName& source,
                                                        WriteSet& write_set) {
  CAIRN_ASSIGN_OR_RETURN(auto reads,
                         ReadFinalEvaluations(snapshot, source.parent_id, source.version));
  if (reads.size() > kMaxCopiedEvaluations) {
    return InvalidField(ErrorReason::TOO_LARGE, "source",
                        ModelVersionName(source.parent_id, source.version),
                        fmt::format("has {} final evaluations; with more than {} a version is not "
                                    "copied",
                                    reads.size(), kMaxCopiedEvaluations))
        .ToStatus();
  }
  std::vector<Evaluation> evaluations;
  for (auto& read : reads) {
    if (!read.evaluation.dataset_version().empty()) {
      CAIRN_ASSIGN_OR_RETURN(
          const VersionName dataset,
          ParseDatasetVersionName("dataset_version", read.evaluation.dataset_version()));
      records::UseDatasetVersion(dataset, write_set);
    }
    evaluations.push_back(std::move(read.evaluation));
  }
  return evaluations;
}

}  // namespace

absl::StatusOr<Plan> PlanCopyModelVersion(const Snapshot& snapshot,
                                          const cairn::v1::CopyModelVersionRequest& request,
                                          const storage::Stamp& stamp) {
  CAIRN_ASSIGN_OR_RETURN(auto ids, ParseResourceName("parent", request.parent(), "models/*"));
  CAIRN_RETURN_IF_ERROR(ValidateHumanName("parent", ids[0], kMaxNameBytes, /*allow_slash=*/false));
  CAIRN_ASSIGN_OR_RETURN(const VersionName source,
                         ResolveModelVersion(snapshot, "source", request.source()));
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadModelVersion(snapshot, source.parent_id, source.version));
  ModelVersion version = CopyOf(std::move(*stored.value.mutable_version()));
  WriteSet write_set;
  write_set.RequireExists(storage::ModelVersionKey(source.parent_id, source.version));
  CAIRN_RETURN_IF_ERROR(records::RequireBlobs(snapshot, version.files(), write_set));
  if (!version.run().empty()) {
    // Purges of the run are guarded by this key.
    write_set.PutRecord(storage::RunModelVersionsKey(version.run()), "");
  }
  if (!version.training_dataset().empty()) {
    CAIRN_RETURN_IF_ERROR(
        UsedDatasetDigest(snapshot, "source", *version.mutable_training_dataset(), write_set)
            .status());
  }
  CAIRN_ASSIGN_OR_RETURN(auto evaluations, TakeEvaluations(snapshot, source, write_set));
  CAIRN_RETURN_IF_ERROR(AddNextVersion(snapshot, ids[0], stamp, version, write_set));
  CAIRN_RETURN_IF_ERROR(records::CopyEvaluations(version, evaluations, write_set));
  return storage::MakePlan(std::move(write_set), std::move(version));
}

}  // namespace cairn::registry
