#ifndef CAIRN_LIB_PROMOTION_REPLAY_H_
#define CAIRN_LIB_PROMOTION_REPLAY_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/promotion.pb.h"
#include "lib/promotion/decide.h"

namespace cairn::promotion {

// Making stored decisions again, from the bytes that they read. All functions are pure.
//
// A promotion is the result of a pure function of the policy's text and of what was read. The
// decision names each thing that it read with the digest of its bytes; the bytes are kept under
// that digest for as long as the decision, so it can be made again when the versions, evaluations
// and policies that it rests on are long gone, and without the server.

// The bytes kept under a SHA-256 in hexadecimal; nullopt where nothing is. What it answers is
// digested again, so it need not be trusted.
using KeptValues = std::function<std::optional<std::string>(const std::string& sha256)>;

// Whether a policy judged in `decision`, and this edition of the code (kEdition) is the one that
// did: a promotion, or an override that a policy was asked about. Of others nothing is computed
// that could be compared; their identity can be checked.
bool IsReplayable(const cairn::v1::Decision& decision);
// Whether another edition judged in it.
bool IsOfAnotherEdition(const cairn::v1::Decision& decision);

// Checks that the read set of `decision` has the digest that it says, and that its name follows
// from that, its policy and time facts, or its kind and reason. Of every kind and edition.
// - DATA_LOSS (AUDIT_CHAIN_BROKEN): not so
absl::Status CheckIdentity(const cairn::v1::Decision& decision);

// The input of `decision`, put together from its read set.
// - DATA_LOSS (AUDIT_CHAIN_BROKEN): a value is not kept, has another digest or is not what it
//   should be; metadata `decision` and `key` say which.
absl::StatusOr<DecisionInput> InputOf(const Policy& policy, const cairn::v1::Decision& decision,
                                      const KeptValues& values);

// Makes `decision` again under the policy of the text `source` and compares all that follows from
// policy and input: everything but when it was made, by whom, whether it was stored, the revision
// of the store and the digest of the audit entry before it. Of an override, the verdict on the
// version and the checks behind it.
// - DATA_LOSS (AUDIT_CHAIN_BROKEN): it does not come out the same, or is not of this policy; or as
//   InputOf.
absl::Status Replay(const cairn::v1::Decision& decision, std::string_view source,
                    const KeptValues& values);

// The bytes that Replay compares.
std::string ReplayedBytes(cairn::v1::Decision decision);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_REPLAY_H_
