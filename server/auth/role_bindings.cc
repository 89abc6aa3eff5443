#include "server/auth/role_bindings.h"

#include <algorithm>
#include <utility>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "google/protobuf/empty.pb.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/auth/identity.h"
#include "server/auth/patterns.h"
#include "server/auth/roles.h"
#include "server/storage/keyspace.h"
#include "server/storage/paging.h"

namespace cairn::auth {
namespace {

using internal::RoleBindingRecord;
using storage::Plan;
using storage::Snapshot;
using storage::WriteSet;

constexpr size_t kBindingIdDigits = 16;

std::string BindingIdOf(std::string_view name) {
  return std::string(name.substr(name.rfind('/') + 1));
}

absl::Status CheckRole(const v1::RoleBinding& binding) {
  if (binding.role() == v1::RoleBinding::ROLE_UNSPECIFIED) {
    return InvalidField(ErrorReason::FIELD_REQUIRED, "role_binding.role", "", "is required");
  }
  if (VerbsOf(binding.role()) == 0) {
    return InvalidField(ErrorReason::VALUE_INVALID, "role_binding.role",
                        std::to_string(binding.role()), "must be a role");
  }
  for (const int verb : binding.verbs()) {
    const bool known = v1::Verb_IsValid(verb);
    if (known && (SetOf(static_cast<v1::Verb>(verb)) & VerbsOf(binding.role())) != 0) continue;
    return InvalidField(
        ErrorReason::VALUE_INVALID, "role_binding.verbs",
        known ? v1::Verb_Name(static_cast<v1::Verb>(verb)) : std::to_string(verb),
        fmt::format("must be a verb of {}", v1::RoleBinding::Role_Name(binding.role())));
  }
  return absl::OkStatus();
}

// What of a request is stored, in its one spelling, each verb once and in their order.
absl::StatusOr<v1::RoleBinding> Checked(const v1::RoleBinding& asked) {
  CAIRN_RETURN_IF_ERROR(CheckMember("role_binding.member", asked.member()));
  CAIRN_RETURN_IF_ERROR(CheckRole(asked));
  v1::RoleBinding binding;
  CAIRN_ASSIGN_OR_RETURN(*binding.mutable_resource(),
                         CanonicalPattern("role_binding.resource", asked.resource()));
  binding.set_member(asked.member());
  binding.set_role(asked.role());
  for (int verb = v1::Verb_MIN; verb <= v1::Verb_MAX; ++verb) {
    const auto& named = asked.verbs();
    if (std::find(named.begin(), named.end(), verb) != named.end()) {
      binding.add_verbs(static_cast<v1::Verb>(verb));
    }
  }
  return binding;
}

}  // namespace

std::string RoleBindingName(const v1::RoleBinding& binding) {
  const std::string text =
      fmt::format("{}\n{}\n{}", binding.member(), v1::RoleBinding::Role_Name(binding.role()),
                  binding.resource());
  return ResourceName({"roleBindings", Sha256Hex(text).substr(0, kBindingIdDigits)});
}

v1::RoleBinding WriteRoleBinding(const AccessRecords& read, v1::RoleBinding binding,
                                 int64_t now_unix_nanos, WriteSet& write_set) {
  binding.set_name(RoleBindingName(binding));
  *binding.mutable_update_time() = ToTimestamp(now_unix_nanos);
  *binding.mutable_create_time() = binding.update_time();
  storage::Revision read_at = 0;
  const auto known = read.bindings.find(binding.name());
  if (known != read.bindings.end()) {
    read_at = known->second.mod_revision;
    *binding.mutable_create_time() = known->second.value.role_binding().create_time();
  }
  RoleBindingRecord record;
  *record.mutable_role_binding() = binding;
  const storage::Key key = storage::RoleBindingKey(BindingIdOf(binding.name()));
  write_set.RequireRevision(key, read_at)
      .PutRecord(key, record.SerializeAsString())
      .Emit(v1::Event::ROLE_BINDING_SET, binding)
      .Audit(v1::Event::ROLE_BINDING_SET, binding.name(), record.SerializeAsString());
  return binding;
}

absl::StatusOr<Plan> PlanSetRoleBinding(const Snapshot& snapshot,
                                        const v1::SetRoleBindingRequest& request,
                                        int64_t now_unix_nanos) {
  CAIRN_ASSIGN_OR_RETURN(v1::RoleBinding binding, Checked(request.role_binding()));
  const std::string name = RoleBindingName(binding);
  CAIRN_ASSIGN_OR_RETURN(const AccessRecords before, ReadAccess(snapshot));
  const auto known = before.bindings.find(name);
  const storage::Revision read_at = known == before.bindings.end() ? 0 : known->second.mod_revision;
  CAIRN_RETURN_IF_ERROR(storage::CheckEtag(name, request.role_binding().etag(), read_at));
  if (read_at == 0 && before.bindings.size() >= kMaxRoleBindings) {
    return Error(absl::StatusCode::kResourceExhausted, ErrorReason::TOO_LARGE,
                 fmt::format("there are {} role bindings: delete some first, or bind groups",
                             kMaxRoleBindings))
        .With("roleBindingCount", std::to_string(kMaxRoleBindings))
        .ToStatus();
  }
  AccessRecords after = before;
  *after.bindings[name].value.mutable_role_binding() = binding;
  CAIRN_RETURN_IF_ERROR(
      CheckAdministratorLeft(before, after, now_unix_nanos, request.force(), name));
  WriteSet write_set;
  GuardAccess(before, write_set);
  binding = WriteRoleBinding(before, std::move(binding), now_unix_nanos, write_set);
  return storage::MakePlan(std::move(write_set), std::move(binding));
}

absl::StatusOr<Plan> PlanDeleteRoleBinding(const Snapshot& snapshot,
                                           const v1::DeleteRoleBindingRequest& request,
                                           int64_t now_unix_nanos) {
  CAIRN_ASSIGN_OR_RETURN(const auto ids,
                         ParseResourceName("name", request.name(), "roleBindings/*"));
  const std::string name = ResourceName({"roleBindings", ids[0]});
  CAIRN_ASSIGN_OR_RETURN(const AccessRecords before, ReadAccess(snapshot));
  const auto known = before.bindings.find(name);
  if (known == before.bindings.end()) {
    return NotFound(ErrorReason::ROLE_BINDING_NOT_FOUND, "RoleBinding", request.name()).ToStatus();
  }
  CAIRN_RETURN_IF_ERROR(storage::CheckEtag(name, request.etag(), known->second.mod_revision));
  AccessRecords after = before;
  after.bindings.erase(name);
  CAIRN_RETURN_IF_ERROR(
      CheckAdministratorLeft(before, after, now_unix_nanos, request.force(), name));
  WriteSet write_set;
  GuardAccess(before, write_set);
  const storage::Key key = storage::RoleBindingKey(ids[0]);
  write_set.RequireRevision(key, known->second.mod_revision)
      .Delete(key)
      .Emit(name, v1::Event::ROLE_BINDING_DELETED)
      .Audit(v1::Event::ROLE_BINDING_DELETED, name, "")
      .FreesSpace();
  return storage::MakePlan(std::move(write_set), google::protobuf::Empty());
}

absl::StatusOr<v1::ListRoleBindingsResponse> ListRoleBindings(
    const Snapshot& snapshot, const v1::ListRoleBindingsRequest& request) {
  v1::ListRoleBindingsResponse response;
  CAIRN_ASSIGN_OR_RETURN(
      *response.mutable_next_page_token(),
      storage::ListPage<RoleBindingRecord>(
          snapshot, request, storage::KeyRange::Prefix(storage::RoleBindingPrefix()),
          storage::ScanOrder::kAscending, {}, [&](std::string_view, auto stored) {
            v1::RoleBinding& binding = *response.add_role_bindings();
            binding = std::move(*stored.value.mutable_role_binding());
            binding.set_etag(EtagOf(stored.mod_revision));
            return true;
          }));
  return response;
}

}  // namespace cairn::auth
