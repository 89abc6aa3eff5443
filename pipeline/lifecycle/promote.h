#ifndef CAIRN_PIPELINE_LIFECYCLE_PROMOTE_H_
#define CAIRN_PIPELINE_LIFECYCLE_PROMOTE_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/promotion.pb.h"
#include "lib/client/client.h"

namespace cairn::pipeline {

// Told one line about what was decided for the user.
using Say = std::function<void(const std::string& line)>;

// Asks the server to decide which version of `model` its channel `production` serves. The server
// measures candidates and champion by itself as its policy says. A channel without a policy gets
// the shipped one (shipped_policy.h), which is said, and is decided by it.
//
// FAILED_PRECONDITION (CHANNEL_UNGOVERNED): there is no policy and the shipped one is not for this
// model, because it has another name. Other errors of Promote and ApplyPolicy; a refusal is none.
absl::StatusOr<cairn::v1::Decision> Promote(client::Client& client, const std::string& model,
                                            const Say& say);

// What a decision says, as words that never change: "PASS", "FAIL", "INCONCLUSIVE" or "ERROR".
std::string VerdictWord(const cairn::v1::Decision& decision);
// "promoted", "no_change", "refused", "not_enforced", "rolled_back", "overridden", "held" or
// "released".
std::string OutcomeWord(const cairn::v1::Decision& decision);

// Why the candidates of `versions` did not come into production: for each `VERSION: check: message`
// of the enforced checks that did not pass; empty for those that did.
std::vector<std::string> RefusalsOf(const cairn::v1::Decision& decision,
                                    const std::vector<std::string>& versions);

// The number at the end of a version's resource name; the name itself when it has none.
std::string VersionNumber(std::string_view resource_name);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_LIFECYCLE_PROMOTE_H_
