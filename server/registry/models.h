#ifndef CAIRN_SERVER_REGISTRY_MODELS_H_
#define CAIRN_SERVER_REGISTRY_MODELS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/internal/records.pb.h"
#include "cairn/v1/registry.pb.h"
#include "lib/base/resource_names.h"
#include "server/auth/grants.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"
#include "server/storage/typed_record.h"

namespace cairn::registry {

// Use cases on registered models, their versions and channels: reads at a
// snapshot, and plans of mutations for the Mutator. Pure but for reading;
// `now_unix_nanos` is the request's time. Errors are those of RegistryService's
// methods of the same name.
//
// A version appears whole or not at all: its files, parameters and lineage are one record, written
// once, and the evaluations it is registered with come in the same commit.

// The collection whose key every new version of `model` touches. A promotion that
// looked at all versions requires that the key did not change, so that a version that
// came meanwhile is not passed over.
std::string VersionsCollection(std::string_view model);

// The record of a model; NOT_FOUND (MODEL_NOT_FOUND). `model` is the id in the resource
// name, not the whole name.
absl::StatusOr<storage::Stored<cairn::internal::ModelRecord>> ReadModel(
    const storage::Snapshot& snapshot, std::string_view model);

// A version as it is now: what was registered with what changed since (version_state.h), and the
// newer revision of both. NOT_FOUND (MODEL_VERSION_NOT_FOUND). Versions count from 1.
// The record has no aliases and no etag; GetModelVersion adds them.
absl::StatusOr<storage::Stored<cairn::internal::ModelVersionRecord>> ReadModelVersion(
    const storage::Snapshot& snapshot, std::string_view model, int64_t version);

// The version that `models/m/versions/{number or latest}` or `models/m/aliases/{alias}` stands for;
// a number is not looked up. INVALID_ARGUMENT (NAME_INVALID) naming `field`, NOT_FOUND
// (MODEL_NOT_FOUND, ALIAS_NOT_FOUND). `latest` of a model that offers none is number 0.
absl::StatusOr<VersionName> ResolveModelVersion(const storage::Snapshot& snapshot,
                                                std::string_view field, std::string_view name);

// The model with its etag, which is the revision of its record.
absl::StatusOr<cairn::v1::Model> GetModel(const storage::Snapshot& snapshot,
                                          const cairn::v1::GetModelRequest& request);
// One page, by name. What `sight` does not see is left out as if it were not there;
// here and below a page so may be shorter than asked for and yet not the last.
absl::StatusOr<cairn::v1::ListModelsResponse> ListModels(
    const storage::Snapshot& snapshot, const cairn::v1::ListModelsRequest& request,
    const auth::Sight& sight = auth::Sight::All());
// By number, as versions/latest or through an alias. The pointer and the version are
// read at one snapshot, so they fit together.
absl::StatusOr<cairn::v1::ModelVersion> GetModelVersion(
    const storage::Snapshot& snapshot, const cairn::v1::GetModelVersionRequest& request);
// One page, the newest version first, each with its aliases.
absl::StatusOr<cairn::v1::ListModelVersionsResponse> ListModelVersions(
    const storage::Snapshot& snapshot, const cairn::v1::ListModelVersionsRequest& request);
// What a channel serves now. A channel exists from its first policy on, so it may serve
// nothing yet.
absl::StatusOr<cairn::v1::Channel> GetChannel(const storage::Snapshot& snapshot,
                                              const cairn::v1::GetChannelRequest& request);
// One page of a model's channels, or of all models' with "models/-".
absl::StatusOr<cairn::v1::ListChannelsResponse> ListChannels(
    const storage::Snapshot& snapshot, const cairn::v1::ListChannelsRequest& request,
    const auth::Sight& sight = auth::Sight::All());

// Guards that no model of the name exists when it is committed; else ALREADY_EXISTS
// (MODEL_EXISTS) from the next plan.
absl::StatusOr<storage::Plan> PlanCreateModel(const storage::Snapshot& snapshot,
                                              const cairn::v1::CreateModelRequest& request,
                                              int64_t now_unix_nanos);
// Description and tags. Writes nothing where nothing changes; guards the model's record.
absl::StatusOr<storage::Plan> PlanUpdateModel(const storage::Snapshot& snapshot,
                                              const cairn::v1::UpdateModelRequest& request,
                                              int64_t now_unix_nanos);
// FAILED_PRECONDITION (HAS_CHILDREN) if it ever had a version: a model that is made anew would give
// their names again. Guards the model's record, which every new version changes.
absl::StatusOr<storage::Plan> PlanDeleteModel(const storage::Snapshot& snapshot,
                                              const cairn::v1::DeleteModelRequest& request);
// A new model of this name, without versions.
cairn::v1::Model NewModel(std::string_view model, int64_t now_unix_nanos);

// The largest number that a version of the model ever had; 0 before the first.
int64_t LastNumberOf(const cairn::internal::ModelRecord& record);

// The payload a model is stored as. The etag is not stored: it is the revision of the
// record that holds it. `last_number` is that of the record, where it must outlive a version.
std::string ModelPayload(cairn::v1::Model model, int64_t last_number = 0);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_MODELS_H_
