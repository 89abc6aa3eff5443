#ifndef CAIRN_SERVER_REGISTRY_VERSION_STATE_H_
#define CAIRN_SERVER_REGISTRY_VERSION_STATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/internal/records.pb.h"
#include "cairn/v1/registry.pb.h"
#include "lib/base/resource_names.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"
#include "server/storage/typed_record.h"

namespace cairn::registry {

// What may change of a model version: state, description and tags. What was registered is never
// written again; changes stand in a record of their own, which is absent until the first. Pure but
// for reading.

using StoredVersionState = storage::Stored<cairn::internal::ModelVersionStateRecord>;

// The state record of a version; nullopt for one that never changed, or is not there.
absl::StatusOr<std::optional<StoredVersionState>> ReadVersionState(
    const storage::Snapshot& snapshot, std::string_view model, int64_t version);

// Puts what changed in place of what was registered.
void ApplyState(const cairn::internal::ModelVersionStateRecord& state,
                cairn::v1::ModelVersion& version);

// The same of a record as it was registered, which gets the newer revision of both: that is the
// version's etag.
absl::Status AddState(const storage::Snapshot& snapshot, std::string_view model, int64_t version,
                      storage::Stored<cairn::internal::ModelVersionRecord>& stored);

// A version that a call is about to change.
struct CurrentVersion {
  VersionName name;
  cairn::v1::ModelVersion version;       // as it is now, with its aliases and its etag
  storage::Revision state_revision = 0;  // of its state record; 0: there is none
};

// INVALID_ARGUMENT (NAME_INVALID): not a number, as what an alias or `latest` means may change
// between reading and writing. NOT_FOUND (MODEL_VERSION_NOT_FOUND), ABORTED (ETAG_MISMATCH).
absl::StatusOr<CurrentVersion> ReadCurrentVersion(const storage::Snapshot& snapshot,
                                                  std::string_view field, const std::string& name,
                                                  std::string_view etag);

// Plans that the version is from now on as `changed` says, with event and audit entry. The write
// set may bring further conditions. Guards the state record, so that two changes are made one after
// the other.
storage::Plan PlanState(const CurrentVersion& current, cairn::v1::ModelVersion changed,
                        int64_t now_unix_nanos, storage::WriteSet write_set);

// Adds to `write_set` that `latest` of the model means the newest version that is READY, where
// `version` takes part from now on only if it is `offered`. Guards what that rests on. The numbers
// that were given stay given.
absl::Status MoveLatest(const storage::Snapshot& snapshot, const VersionName& version, bool offered,
                        int64_t now_unix_nanos, storage::WriteSet& write_set);

// Use cases, with the errors of RegistryService's methods of the same name. Each answers the
// version as it is and writes nothing where nothing changes.
absl::StatusOr<storage::Plan> PlanUpdateModelVersion(
    const storage::Snapshot& snapshot, const cairn::v1::UpdateModelVersionRequest& request,
    int64_t now_unix_nanos);
// Refuses a version that a channel serves; none comes to serve it meanwhile.
absl::StatusOr<storage::Plan> PlanArchiveModelVersion(
    const storage::Snapshot& snapshot, const cairn::v1::ArchiveModelVersionRequest& request,
    int64_t now_unix_nanos);
absl::StatusOr<storage::Plan> PlanRestoreModelVersion(
    const storage::Snapshot& snapshot, const cairn::v1::RestoreModelVersionRequest& request,
    int64_t now_unix_nanos);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_VERSION_STATE_H_
