#ifndef CAIRN_LIB_PROMOTION_READ_VALUES_H_
#define CAIRN_LIB_PROMOTION_READ_VALUES_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/promotion/evidence.h"

namespace cairn::promotion {

// The bytes that are hashed, and kept, of what a decision read: from them alone it can be made
// again. They hold stored bytes as they were found and are never serialised anew, because Protobuf
// promises equal bytes for equal messages within one release only.
//
// docs/promotion.md describes them with test vectors. All functions are pure.

// Of a model version: netstrings `cairn.version.v1`, the bytes of the record that was written when
// it was registered, its state, `READY` or `ARCHIVED`, and VersionRead::run_state.
std::string VersionValue(std::string_view sealed_record, cairn::v1::ModelVersion::State state,
                         std::string_view run_state);

// VersionValue's inverse, without the evaluations and the revision. DATA_LOSS (RECORD_CORRUPT) for
// other bytes.
absl::StatusOr<VersionRead> ReadVersionValue(std::string_view value);

// Of an evaluation the record's bytes are the value. DATA_LOSS (RECORD_CORRUPT) for other bytes.
absl::StatusOr<EvaluationRead> ReadEvaluationValue(std::string_view value);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_READ_VALUES_H_
