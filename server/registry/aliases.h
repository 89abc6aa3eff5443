#ifndef CAIRN_SERVER_REGISTRY_ALIASES_H_
#define CAIRN_SERVER_REGISTRY_ALIASES_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/v1/registry.pb.h"
#include "lib/base/resource_names.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"
#include "server/storage/stamp.h"

namespace cairn::registry {

// Use cases on the aliases of models. Pure but for reading. Errors are those of RegistryService's
// methods of the same name.

// The aliases of a model by the version they point at.
using AliasesByNumber = std::multimap<int64_t, std::string>;
absl::StatusOr<AliasesByNumber> AliasesByVersion(const storage::Snapshot& snapshot,
                                                 std::string_view model);

// What the alias `name` points at. INVALID_ARGUMENT (NAME_INVALID) naming `field`, NOT_FOUND
// (MODEL_NOT_FOUND, ALIAS_NOT_FOUND).
absl::StatusOr<VersionName> VersionOfAlias(const storage::Snapshot& snapshot,
                                           std::string_view field, std::string_view name);

// One page of a model's aliases, by name.
absl::StatusOr<cairn::v1::ListAliasesResponse> ListAliases(
    const storage::Snapshot& snapshot, const cairn::v1::ListAliasesRequest& request);

// Makes or moves an alias. An etag, if there is one, is that of the alias as it was, and
// `expected_version` what it points at; without either the last writer wins. ABORTED
// (ETAG_MISMATCH, ALIAS_MOVED); the latter says where it points.
absl::StatusOr<storage::Plan> PlanSetAlias(const storage::Snapshot& snapshot,
                                           const cairn::v1::SetAliasRequest& request,
                                           const storage::Stamp& stamp);

// The version that it pointed at stays.
absl::StatusOr<storage::Plan> PlanDeleteAlias(const storage::Snapshot& snapshot,
                                              const cairn::v1::DeleteAliasRequest& request);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_ALIASES_H_
