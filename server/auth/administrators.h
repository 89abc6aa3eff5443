#ifndef CAIRN_SERVER_AUTH_ADMINISTRATORS_H_
#define CAIRN_SERVER_AUTH_ADMINISTRATORS_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/internal/records.pb.h"
#include "server/storage/kv_store.h"
#include "server/storage/typed_record.h"

namespace cairn::auth {

// Tokens and role bindings as a plan sees them, and whether somebody can still administer the
// server with them: a token that is valid, of a principal or group that a binding lets do ADMIN to
// everything. A server without one is not lost for whoever holds its directory (PlanFirstAdmin),
// but for everybody else.
//
// Every plan that changes one of them reads all, and touches one key that guards them: so two plans
// that each leave the other's administrator never both hold. There are few of these changes.

// How many tokens, and how many bindings, a store may have.
inline constexpr size_t kMaxTokens = 10'000;
inline constexpr size_t kMaxRoleBindings = 10'000;

struct AccessRecords {
  // By name.
  std::map<std::string, storage::Stored<internal::TokenRecord>> tokens;
  std::map<std::string, storage::Stored<internal::RoleBindingRecord>> bindings;
  // Of the key that guards them.
  storage::Revision guard = 0;

  bool HasAdministrator(int64_t now_unix_nanos) const;
};

// All of them. Those that do not parse are left out, as they allow nothing.
// Errors are those of the snapshot.
absl::StatusOr<AccessRecords> ReadAccess(const storage::Snapshot& snapshot);

// Adds to `write_set` that nothing of `read` changed meanwhile.
void GuardAccess(const AccessRecords& read, storage::WriteSet& write_set);

// FAILED_PRECONDITION (LAST_ADMIN) if there was an administrator in `before` and is none in
// `after`, unless `force`. `subject` names what is taken away.
absl::Status CheckAdministratorLeft(const AccessRecords& before, const AccessRecords& after,
                                    int64_t now_unix_nanos, bool force, std::string_view subject);

}  // namespace cairn::auth

#endif  // CAIRN_SERVER_AUTH_ADMINISTRATORS_H_
