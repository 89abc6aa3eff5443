#ifndef CAIRN_SERVER_AUTH_IDENTITY_H_
#define CAIRN_SERVER_AUTH_IDENTITY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "cairn/v1/auth.pb.h"

namespace cairn::auth {

// Who calls. Immutable; shared by the calls of one token. It says nothing of what the
// caller may: that is looked up for each call, so that a binding holds for tokens that
// are there already. A call keeps the one it began with, also if the token is revoked
// meanwhile.
struct Identity {
  std::string principal;
  std::vector<std::string> groups;
  v1::WhoAmIResponse::Authentication authentication = v1::WhoAmIResponse::NONE;
  std::string token;  // resource name; empty without one
  std::string token_display_name;
  int64_t expire_unix_nanos = 0;  // from when on the token is not valid; 0: always valid
  // What bindings may name this caller by: `principal:…`, `group:…` for each group, `*`.
  std::vector<std::string> members;
  // Nobody was asked who they are: may do everything.
  bool local = false;
};
using IdentityPtr = std::shared_ptr<const Identity>;

// Of callers of a server that asks nobody: principal `local`. Lives as long as the process.
const IdentityPtr& LocalIdentity();

// A caller with these names, told by what is no token. The names are not checked here.
Identity MakeIdentity(std::string principal, std::vector<std::string> groups,
                      v1::WhoAmIResponse::Authentication authentication);

// Whoever calls with this token. The token's own text is not in it, and neither is its
// digest.
IdentityPtr IdentityOf(const v1::Token& token);

// Checks the name of a principal or group: 1 to 250 bytes of UTF-8 without control characters, and
// not one that callers without a token have. INVALID_ARGUMENT (NAME_INVALID) naming `field`.
absl::Status CheckCallerName(std::string_view field, std::string_view name);

// Checks a member of a binding: `principal:{name}`, `group:{name}` or `*`.
// INVALID_ARGUMENT (NAME_INVALID) naming `field`.
absl::Status CheckMember(std::string_view field, std::string_view member);

}  // namespace cairn::auth

#endif  // CAIRN_SERVER_AUTH_IDENTITY_H_
