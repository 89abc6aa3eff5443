#include "server/auth/administrators.h"

#include <algorithm>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/auth/identity.h"
#include "server/auth/patterns.h"
#include "server/auth/roles.h"
#include "server/storage/keyspace.h"

namespace cairn::auth {
namespace {

storage::Key AccessGuardKey() { return storage::CollectionKey("access"); }

template <typename Message, typename NameOf>
absl::Status ReadRecords(const storage::Snapshot& snapshot, const storage::Key& prefix,
                         const NameOf& name_of,
                         std::map<std::string, storage::Stored<Message>>& records) {
  return snapshot.Scan(storage::KeyRange::Prefix(prefix), storage::ScanOrder::kAscending,
                       [&](std::string_view key, const storage::Record& record) {
                         auto stored = storage::ParseStored<Message>(key, record);
                         if (stored.ok()) {
                           std::string name = name_of(stored->value);
                           records.emplace(std::move(name), *std::move(stored));
                         }
                         return true;
                       });
}

}  // namespace

bool AccessRecords::HasAdministrator(int64_t now_unix_nanos) const {
  std::set<std::string> administrators;  // members
  for (const auto& [name, stored] : bindings) {
    const v1::RoleBinding& binding = stored.value.role_binding();
    const bool administers = (VerbsOf(binding) & SetOf(v1::ADMIN)) != 0;
    if (binding.resource() == kEverything && administers) administrators.insert(binding.member());
  }
  return std::any_of(tokens.begin(), tokens.end(), [&](const auto& entry) {
    const IdentityPtr identity = IdentityOf(entry.second.value.token());
    const int64_t expires = identity->expire_unix_nanos;
    return (expires == 0 || now_unix_nanos < expires) &&
           std::any_of(identity->members.begin(), identity->members.end(),
                       [&](const std::string& member) { return administrators.contains(member); });
  });
}

absl::StatusOr<AccessRecords> ReadAccess(const storage::Snapshot& snapshot) {
  AccessRecords read;
  CAIRN_RETURN_IF_ERROR(ReadRecords<internal::TokenRecord>(
      snapshot, storage::TokenPrefix(),
      [](const internal::TokenRecord& record) { return record.token().name(); }, read.tokens));
  CAIRN_RETURN_IF_ERROR(ReadRecords<internal::RoleBindingRecord>(
      snapshot, storage::RoleBindingPrefix(),
      [](const internal::RoleBindingRecord& record) { return record.role_binding().name(); },
      read.bindings));
  CAIRN_ASSIGN_OR_RETURN(const auto guard, snapshot.Get(AccessGuardKey()));
  read.guard = guard.has_value() ? guard->mod_revision : 0;
  return read;
}

void GuardAccess(const AccessRecords& read, storage::WriteSet& write_set) {
  write_set.RequireRevision(AccessGuardKey(), read.guard).PutRecord(AccessGuardKey(), "");
}

absl::Status CheckAdministratorLeft(const AccessRecords& before, const AccessRecords& after,
                                    int64_t now_unix_nanos, bool force, std::string_view subject) {
  if (force || after.HasAdministrator(now_unix_nanos)) return absl::OkStatus();
  if (!before.HasAdministrator(now_unix_nanos)) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::LAST_ADMIN,
               fmt::format("without {} nobody could administer the server: make another "
                           "administrator first, or set force in the request (mlctl: --force)",
                           subject))
      .With("resource", subject)
      .Precondition("ADMINISTRATOR", subject, "is the last administrator's");
}

}  // namespace cairn::auth
