#ifndef CAIRN_SERVER_AUTH_ROLES_H_
#define CAIRN_SERVER_AUTH_ROLES_H_

#include <cstdint>

#include "cairn/v1/auth.pb.h"
#include "cairn/v1/method_options.pb.h"

namespace cairn::auth {

// Verbs as the bits of a number: bit `v` stands for the verb of that number.
using VerbSet = uint32_t;

// Empty for VERB_UNSPECIFIED, so that it is never allowed.
constexpr VerbSet SetOf(v1::Verb verb) { return verb == v1::VERB_UNSPECIFIED ? 0 : 1U << verb; }

// What a role may do, in one table (docs/security.md). Empty for an unknown role.
VerbSet VerbsOf(v1::RoleBinding::Role role);

// What a binding allows: its role's verbs, or of them those that it names. A verb that the role
// does not have is not allowed by naming it.
VerbSet VerbsOf(const v1::RoleBinding& binding);

}  // namespace cairn::auth

#endif  // CAIRN_SERVER_AUTH_ROLES_H_
