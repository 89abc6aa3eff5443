#include <string>
#include <utility>

#include "cairn/v1/auth.pb.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/auth/access_control.h"
#include "server/auth/patterns.h"
#include "server/auth/role_bindings.h"
#include "server/auth/tokens.h"
#include "server/service/methods.h"

namespace cairn::service {
namespace {

constexpr int kMaxTestedResources = 1000;

const auth::Identity& IdentityOfCaller(const Caller& caller) {
  return caller.identity == nullptr ? *auth::LocalIdentity() : *caller.identity;
}

v1::WhoAmIResponse Describe(const auth::AccessControl* access, const auth::Identity& identity) {
  v1::WhoAmIResponse response;
  response.set_principal(identity.principal);
  *response.mutable_groups() = {identity.groups.begin(), identity.groups.end()};
  response.set_authentication(identity.authentication);
  response.set_token(identity.token);
  response.set_token_display_name(identity.token_display_name);
  if (identity.expire_unix_nanos != 0) {
    *response.mutable_expire_time() = ToTimestamp(identity.expire_unix_nanos);
  }
  if (access == nullptr || identity.local) return response;
  for (const auth::BindingPtr& binding : access->BindingsOf(identity)) {
    *response.add_role_bindings() = *binding;
  }
  return response;
}

v1::TestPermissionResponse::Permission Test(const auth::AccessControl* access,
                                            const auth::Identity& identity, v1::Verb verb,
                                            const std::string& resource) {
  v1::TestPermissionResponse::Permission permission;
  permission.set_resource(resource);
  if (access == nullptr || identity.local) {
    permission.set_allowed(true);
    permission.set_message("nobody is asked who they are: everything is allowed");
    return permission;
  }
  const auto binding = access->BindingFor(identity, verb, resource);
  permission.set_allowed(binding.has_value());
  permission.set_role_binding(binding.value_or(""));
  permission.set_message(binding.has_value()
                             ? fmt::format("{} allows it", *binding)
                             : fmt::format("no role binding of {} allows {} on {}",
                                           identity.principal, v1::Verb_Name(verb), resource));
  return permission;
}

absl::StatusOr<v1::TestPermissionResponse> TestPermission(
    const auth::AccessControl* access, const auth::Identity& identity,
    const v1::TestPermissionRequest& request) {
  if (!v1::Verb_IsValid(request.verb()) || request.verb() == v1::VERB_UNSPECIFIED) {
    return InvalidField(ErrorReason::VALUE_INVALID, "verb", std::to_string(request.verb()),
                        "must be a verb")
        .ToStatus();
  }
  if (request.resources_size() > kMaxTestedResources) {
    return InvalidField(ErrorReason::TOO_LARGE, "resources",
                        std::to_string(request.resources_size()),
                        fmt::format("must have at most {} entries", kMaxTestedResources))
        .ToStatus();
  }
  for (int i = 0; i < request.resources_size(); ++i) {
    CAIRN_RETURN_IF_ERROR(
        auth::CanonicalResource(fmt::format("resources[{}]", i), request.resources(i)).status());
  }
  v1::TestPermissionResponse response;
  const auto test = [&](const std::string& resource) {
    *response.add_permissions() = Test(access, identity, request.verb(), resource);
  };
  for (const std::string& resource : request.resources()) test(resource);
  if (request.resources().empty()) test(std::string(auth::kEverything));
  return response;
}

}  // namespace

void AddAuthMethods(const Backends& backends, MethodTableBuilder& table) {
  table.Of(*v1::Token::descriptor()->file()->FindServiceByName("AuthService"));
  table.Answers<v1::WhoAmIRequest>(
      "WhoAmI", [access = backends.access](const Caller& caller, const v1::WhoAmIRequest&) {
        return absl::StatusOr<v1::WhoAmIResponse>(Describe(access, IdentityOfCaller(caller)));
      });
  table.Answers<v1::TestPermissionRequest>(
      "TestPermission",
      [access = backends.access](const Caller& caller, const v1::TestPermissionRequest& request) {
        return TestPermission(access, IdentityOfCaller(caller), request);
      });
  table.Changes<v1::CreateTokenRequest>(
      "CreateToken", auth::PlanCreateToken, [&ids = backends.ids](const Caller& caller) {
        return auth::TokenCall{caller.now_unix_nanos, IdentityOfCaller(caller).principal,
                               auth::DrawToken(ids)};
      });
  table.KeepsNoAnswer();
  table.Answers<v1::ListTokensRequest>("ListTokens", auth::ListTokens);
  table.Changes<v1::RevokeTokenRequest>("RevokeToken", auth::PlanRevokeToken);
  table.Changes<v1::SetRoleBindingRequest>("SetRoleBinding", auth::PlanSetRoleBinding);
  table.Answers<v1::ListRoleBindingsRequest>("ListRoleBindings", auth::ListRoleBindings);
  table.Changes<v1::DeleteRoleBindingRequest>("DeleteRoleBinding", auth::PlanDeleteRoleBinding);
}

}  // namespace cairn::service
