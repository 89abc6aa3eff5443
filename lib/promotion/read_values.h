#ifndef CAIRN_LIB_PROMOTION_READ_VALUES_H_
#define CAIRN_LIB_PROMOTION_READ_VALUES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/map.h"
#include "lib/promotion/evidence.h"

namespace cairn::promotion {

// The bytes that are hashed, and kept, of what a decision read: from them alone it can be made
// again. They hold stored bytes as they were found and are never serialised anew, because Protobuf
// promises equal bytes for equal messages within one release only.
//
// docs/promotion.md describes them with test vectors. All functions are pure.

// Of a model version: netstrings `cairn.version.v1`, the bytes of the record that was written when
// it was registered, its state, `READY` or `ARCHIVED`, and VersionRead::run_state. Where its tags
// are not those any more that it was registered with, `tags` are what they are: then
// `cairn.version.v2`, the same, and one of the netstrings of each key and value, sorted by key. A
// description enters no verdict and so is left out.
using Tags = google::protobuf::Map<std::string, std::string>;
std::string VersionValue(std::string_view sealed_record, cairn::v1::ModelVersion::State state,
                         std::string_view run_state, const Tags* tags = nullptr);

// VersionValue's inverse, without the evaluations and the revision. DATA_LOSS (RECORD_CORRUPT) for
// other bytes.
absl::StatusOr<VersionRead> ReadVersionValue(std::string_view value);

// Of an evaluation the record's bytes are the value. DATA_LOSS (RECORD_CORRUPT) for other bytes.
absl::StatusOr<EvaluationRead> ReadEvaluationValue(std::string_view value);

// Of a channel's head: netstrings `cairn.head.v1`, version and epoch.
std::string HeadValue(int64_t version, int64_t epoch);

// Of the holds of a channel: netstrings `cairn.holds.v1` and one for each hold, sorted, which holds
// the netstrings of its version, reason, principal, nanoseconds and decision.
std::string HoldsValue(const std::vector<cairn::v1::Hold>& holds);

// HoldsValue's inverse. DATA_LOSS (RECORD_CORRUPT) for other bytes.
absl::StatusOr<std::vector<cairn::v1::Hold>> ReadHoldsValue(std::string_view value);

// Of the list of a model's versions: netstrings `cairn.versions.v1` and the resource names, sorted.
std::string VersionsValue(std::vector<std::string> names);

// VersionsValue's inverse. DATA_LOSS (RECORD_CORRUPT) for other bytes.
absl::StatusOr<std::vector<std::string>> ReadVersionsValue(std::string_view value);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_READ_VALUES_H_
