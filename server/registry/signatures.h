#ifndef CAIRN_SERVER_REGISTRY_SIGNATURES_H_
#define CAIRN_SERVER_REGISTRY_SIGNATURES_H_

#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/registry.pb.h"

namespace cairn::registry {

// What a version takes in: the columns that its model file names, or else that its client does.

// The signature that the files of a version say themselves; nullopt where none of them is of a kind
// that is known. Injected, as it knows models and reads blobs. Blocks; errors are those of reading.
using SignatureReader = std::function<absl::StatusOr<std::optional<cairn::v1::ModelSignature>>(
    const cairn::v1::ModelVersion& version)>;

inline constexpr int kMaxSignatureColumns = 4096;

// Makes the signature of `version`, which has its files, the one that it is registered with: that
// of the files where there is one. Without a reader, or known files, it stays as it was given.
//
// INVALID_ARGUMENT naming the column:
// - NAME_INVALID, VALUE_INVALID, TOO_LARGE, FIELD_REQUIRED: no columns, names that are empty or
// there
//   twice, an unknown type, limits of what is no number or that are no range
// - SIGNATURE_CONTRADICTS_FILE: other columns than the files say, in another order, or other limits
absl::Status SettleSignature(const SignatureReader& read, cairn::v1::ModelVersion& version);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_SIGNATURES_H_
