#ifndef CAIRN_SERVER_REGISTRY_VERSION_CREATION_H_
#define CAIRN_SERVER_REGISTRY_VERSION_CREATION_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/registry.pb.h"
#include "server/registry/signatures.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"
#include "server/storage/stamp.h"
#include "server/storage/write_set.h"

namespace cairn::registry {

// How versions come to be: registered by who trained them, or copied from another version. Pure but
// for reading.
//
// A version appears whole or not at all: its files, parameters and lineage are one record, written
// once, and the evaluations it is registered with come in the same commit. The number is the
// model's next, and the model is made if there is none yet. Two that are planned at once guard the
// same model record, so one of them is planned again and numbers have no gaps.

// Registers a version. What its model file says is read by `read_signature`, if there is one; the
// plan then blocks on files. Errors are those of RegistryService.CreateModelVersion.
absl::StatusOr<storage::Plan> PlanCreateModelVersion(
    const storage::Snapshot& snapshot, const cairn::v1::CreateModelVersionRequest& request,
    const storage::Stamp& stamp, const SignatureReader& read_signature = nullptr);

// Makes the next version of `parent` of another one: files, lineage, parameters, signature and the
// final evaluations, which keep who measured them; a server's stays the server's, as the bytes are
// the same. What people said of the other one (description, tags, aliases, state) is not taken.
// Errors are those of RegistryService.CopyModelVersion.
absl::StatusOr<storage::Plan> PlanCopyModelVersion(
    const storage::Snapshot& snapshot, const cairn::v1::CopyModelVersionRequest& request,
    const storage::Stamp& stamp);

// The digest of the data set version that `name` stands for, which takes its canonical spelling.
// Adds to `write_set` that the version is used from now on. `field` is what errors call it:
// NOT_FOUND (DATASET_VERSION_NOT_FOUND) and those of ResolveDatasetVersion.
absl::StatusOr<std::string> UsedDatasetDigest(const storage::Snapshot& snapshot,
                                              std::string_view field, std::string& name,
                                              storage::WriteSet& write_set);

// What both ways have in common: gives `version` its name, time and principal, and adds model,
// version and the edges that lead to it to `write_set`.
absl::Status AddNextVersion(const storage::Snapshot& snapshot, const std::string& model,
                            const storage::Stamp& stamp, cairn::v1::ModelVersion& version,
                            storage::WriteSet& write_set);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_VERSION_CREATION_H_
