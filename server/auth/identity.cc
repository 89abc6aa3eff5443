#include "server/auth/identity.h"

#include <utility>

#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "server/auth/patterns.h"

namespace cairn::auth {
namespace {

constexpr size_t kMaxCallerNameBytes = 250;
constexpr std::string_view kPrincipalMember = "principal:";
constexpr std::string_view kGroupMember = "group:";

}  // namespace

const IdentityPtr& LocalIdentity() {
  static const auto& identity = *new IdentityPtr([] {
    Identity local = MakeIdentity("local", {}, v1::WhoAmIResponse::NONE);
    local.local = true;
    return std::make_shared<const Identity>(std::move(local));
  }());
  return identity;
}

Identity MakeIdentity(std::string principal, std::vector<std::string> groups,
                      v1::WhoAmIResponse::Authentication authentication) {
  Identity identity;
  identity.members.push_back(std::string(kPrincipalMember) + principal);
  for (const std::string& group : groups) {
    identity.members.push_back(std::string(kGroupMember) + group);
  }
  identity.members.emplace_back(kEverything);
  identity.principal = std::move(principal);
  identity.groups = std::move(groups);
  identity.authentication = authentication;
  return identity;
}

IdentityPtr IdentityOf(const v1::Token& token) {
  Identity identity = MakeIdentity(
      token.principal(), {token.groups().begin(), token.groups().end()}, v1::WhoAmIResponse::TOKEN);
  identity.token = token.name();
  identity.token_display_name = token.display_name();
  if (token.has_expire_time()) identity.expire_unix_nanos = ToUnixNanos(token.expire_time());
  return std::make_shared<const Identity>(std::move(identity));
}

absl::Status CheckCallerName(std::string_view field, std::string_view name) {
  if (name == "local" || name == "anonymous") {
    return InvalidField(ErrorReason::NAME_INVALID, field, name,
                        "must not be a name of callers without a token");
  }
  return ValidateHumanName(field, name, kMaxCallerNameBytes, /*allow_slash=*/true);
}

absl::Status CheckMember(std::string_view field, std::string_view member) {
  if (member == kEverything) return absl::OkStatus();
  for (const std::string_view kind : {kPrincipalMember, kGroupMember}) {
    if (member.starts_with(kind)) return CheckCallerName(field, member.substr(kind.size()));
  }
  return InvalidField(ErrorReason::NAME_INVALID, field, member,
                      "must be principal:NAME, group:NAME or *");
}

}  // namespace cairn::auth
