#ifndef CAIRN_SERVER_REGISTRY_MODELS_H_
#define CAIRN_SERVER_REGISTRY_MODELS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/internal/records.pb.h"
#include "cairn/v1/registry.pb.h"
#include "server/auth/grants.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"
#include "server/storage/stamp.h"
#include "server/storage/typed_record.h"

namespace cairn::registry {

// Use cases on registered models, versions, aliases and channels: reads at a
// snapshot, and plans of mutations for the Mutator. Pure but for reading;
// `now_unix_nanos` is the request's time. Errors are those of RegistryService's
// methods of the same name.
//
// A version appears whole or not at all: its files, evidence, parameters and
// lineage are one record, written once.

// The collection whose key every new version of `model` touches.
std::string VersionsCollection(std::string_view model);

// The record of a model; NOT_FOUND (MODEL_NOT_FOUND).
absl::StatusOr<storage::Stored<cairn::internal::ModelRecord>> ReadModel(
    const storage::Snapshot& snapshot, std::string_view model);

// The record of a version; NOT_FOUND (MODEL_VERSION_NOT_FOUND).
absl::StatusOr<storage::Stored<cairn::internal::ModelVersionRecord>> ReadModelVersion(
    const storage::Snapshot& snapshot, std::string_view model, int64_t version);

absl::StatusOr<cairn::v1::Model> GetModel(const storage::Snapshot& snapshot,
                                          const cairn::v1::GetModelRequest& request);
absl::StatusOr<cairn::v1::ListModelsResponse> ListModels(
    const storage::Snapshot& snapshot, const cairn::v1::ListModelsRequest& request,
    const auth::Sight& sight = auth::Sight::All());
absl::StatusOr<cairn::v1::ModelVersion> GetModelVersion(
    const storage::Snapshot& snapshot, const cairn::v1::GetModelVersionRequest& request);
absl::StatusOr<cairn::v1::ListModelVersionsResponse> ListModelVersions(
    const storage::Snapshot& snapshot, const cairn::v1::ListModelVersionsRequest& request);
absl::StatusOr<cairn::v1::ListAliasesResponse> ListAliases(
    const storage::Snapshot& snapshot, const cairn::v1::ListAliasesRequest& request);
absl::StatusOr<cairn::v1::Channel> GetChannel(const storage::Snapshot& snapshot,
                                              const cairn::v1::GetChannelRequest& request);
absl::StatusOr<cairn::v1::ListChannelsResponse> ListChannels(
    const storage::Snapshot& snapshot, const cairn::v1::ListChannelsRequest& request,
    const auth::Sight& sight = auth::Sight::All());

absl::StatusOr<storage::Plan> PlanCreateModel(const storage::Snapshot& snapshot,
                                              const cairn::v1::CreateModelRequest& request,
                                              int64_t now_unix_nanos);
absl::StatusOr<storage::Plan> PlanDeleteModel(const storage::Snapshot& snapshot,
                                              const cairn::v1::DeleteModelRequest& request);
absl::StatusOr<storage::Plan> PlanSetAlias(const storage::Snapshot& snapshot,
                                           const cairn::v1::SetAliasRequest& request,
                                           const storage::Stamp& stamp);
absl::StatusOr<storage::Plan> PlanDeleteAlias(const storage::Snapshot& snapshot,
                                              const cairn::v1::DeleteAliasRequest& request);

// Defined in model_versions.cc.
absl::StatusOr<storage::Plan> PlanCreateModelVersion(
    const storage::Snapshot& snapshot, const cairn::v1::CreateModelVersionRequest& request,
    const storage::Stamp& stamp);

// A new model of this name, without versions.
cairn::v1::Model NewModel(std::string_view model, int64_t now_unix_nanos);

// The payload a model is stored as.
std::string ModelPayload(cairn::v1::Model model);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_MODELS_H_
