#ifndef CAIRN_SERVER_AUTH_ROLE_BINDINGS_H_
#define CAIRN_SERVER_AUTH_ROLE_BINDINGS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "cairn/v1/auth.pb.h"
#include "server/auth/administrators.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"

namespace cairn::auth {

// Use cases on role bindings: plans of mutations for the Mutator, and reads at a snapshot. Pure but
// for reading. Errors are those of AuthService's methods of the same name.
//
// Member, role and resource say which binding it is: its id is made from them. So setting one
// twice is setting it once, and nobody invents names.

// The resource name of the binding of these three; the resource is in its one spelling.
std::string RoleBindingName(const v1::RoleBinding& binding);

// Guarded by the state of all tokens and bindings, so that two calls together cannot
// leave the server without an administrator where each alone would not.
absl::StatusOr<storage::Plan> PlanSetRoleBinding(const storage::Snapshot& snapshot,
                                                 const v1::SetRoleBindingRequest& request,
                                                 int64_t now_unix_nanos);

// Guarded in the same way.
absl::StatusOr<storage::Plan> PlanDeleteRoleBinding(const storage::Snapshot& snapshot,
                                                    const v1::DeleteRoleBindingRequest& request,
                                                    int64_t now_unix_nanos);

// One page, in the order of ids, which says nothing.
absl::StatusOr<v1::ListRoleBindingsResponse> ListRoleBindings(
    const storage::Snapshot& snapshot, const v1::ListRoleBindingsRequest& request);

// Adds a binding that was checked to `write_set`, in place of the one of its name in `read`.
// Answers it as it is stored.
v1::RoleBinding WriteRoleBinding(const AccessRecords& read, v1::RoleBinding binding,
                                 int64_t now_unix_nanos, storage::WriteSet& write_set);

}  // namespace cairn::auth

#endif  // CAIRN_SERVER_AUTH_ROLE_BINDINGS_H_
