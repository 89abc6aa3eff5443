#ifndef CAIRN_SERVER_FIRST_ADMIN_H_
#define CAIRN_SERVER_FIRST_ADMIN_H_

#include <string>

#include "absl/status/statusor.h"
#include "server/options.h"

namespace cairn {

// Makes the store in `options.data_dir`, if there is none, and in it the first administrator: a
// principal with a token that never expires. Answers the token, which is kept nowhere: only who
// sees it now has it. No server may have the directory open.
//   FAILED_PRECONDITION (ADMIN_EXISTS)  a valid token can administer the store already
//   INVALID_ARGUMENT (NAME_INVALID)     of `principal`
// and the errors of opening a store.
// The key that signs the audit is made too, if there is none.
absl::StatusOr<std::string> MakeFirstAdmin(const ServerOptions& options,
                                           const std::string& principal);

// Gives the store in `options.data_dir`, which no server may have open, another key that signs the
// audit. Answers it as a verifier key. FAILED_PRECONDITION (AUDIT_KEY_UNUSABLE), and the errors of
// opening a store.
absl::StatusOr<std::string> RotateAuditKey(const ServerOptions& options);

}  // namespace cairn

#endif  // CAIRN_SERVER_FIRST_ADMIN_H_
