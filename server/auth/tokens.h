#ifndef CAIRN_SERVER_AUTH_TOKENS_H_
#define CAIRN_SERVER_AUTH_TOKENS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "cairn/v1/auth.pb.h"
#include "server/auth/token_text.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"

namespace cairn::auth {

// Use cases on tokens: plans of mutations for the Mutator, and reads at a snapshot. Pure but for
// reading. Errors are those of AuthService's methods of the same name.

// What a call that makes a token begins with. All that is random or of the moment, so
// that planning is pure.
struct TokenCall {
  int64_t now_unix_nanos = 0;
  std::string creator;  // the principal that calls
  TokenParts drawn;     // id and secret of the token
};

// The answer has the text, which is stored nowhere: it must not be kept under a request id. A
// request_id makes one token only, whose id follows from it and the creator.
//   ALREADY_EXISTS (TOKEN_EXISTS)  it did before, and that token is still there: `token`
absl::StatusOr<storage::Plan> PlanCreateToken(const storage::Snapshot& snapshot,
                                              const v1::CreateTokenRequest& request,
                                              const TokenCall& call);

// From the commit on the token lets nobody in. FAILED_PRECONDITION (LAST_ADMIN) if it
// is the last one that can administer the server, unless the request forces it.
absl::StatusOr<storage::Plan> PlanRevokeToken(const storage::Snapshot& snapshot,
                                              const v1::RevokeTokenRequest& request,
                                              int64_t now_unix_nanos);

// One page, by id. Neither secrets nor their digests are in it.
absl::StatusOr<v1::ListTokensResponse> ListTokens(const storage::Snapshot& snapshot,
                                                  const v1::ListTokensRequest& request);

// The first administrator: a token that never expires for `principal`, and the binding that lets it
// do everything; answers a CreateTokenResponse. For whoever holds the server's directory, before it
// serves.
//   FAILED_PRECONDITION (ADMIN_EXISTS)  a valid token can administer the server already
//   INVALID_ARGUMENT (NAME_INVALID)     of `principal`
absl::StatusOr<storage::Plan> PlanFirstAdmin(const storage::Snapshot& snapshot,
                                             const std::string& principal, const TokenCall& call);

}  // namespace cairn::auth

#endif  // CAIRN_SERVER_AUTH_TOKENS_H_
