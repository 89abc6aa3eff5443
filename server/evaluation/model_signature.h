#ifndef CAIRN_SERVER_EVALUATION_MODEL_SIGNATURE_H_
#define CAIRN_SERVER_EVALUATION_MODEL_SIGNATURE_H_

#include <optional>

#include "absl/status/statusor.h"
#include "cairn/v1/registry.pb.h"
#include "server/evaluation/measurer.h"

namespace cairn::evaluation {

// What the model file of a version, its one model.cairnseg, says of what it takes in: the features
// as columns of doubles, with the limits of training where the file has statistics. nullopt for a
// version without such a file, with several, or with one of another form or release. Blocks; errors
// are those of `read`.
absl::StatusOr<std::optional<v1::ModelSignature>> SignatureOf(const v1::ModelVersion& version,
                                                              const BlobText& read);

}  // namespace cairn::evaluation

#endif  // CAIRN_SERVER_EVALUATION_MODEL_SIGNATURE_H_
