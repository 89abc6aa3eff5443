#include "server/auth/roles.h"

namespace cairn::auth {

VerbSet VerbsOf(v1::RoleBinding::Role role) {
  constexpr VerbSet kRead = SetOf(v1::READ);
  switch (role) {
    case v1::RoleBinding::READER:
      return kRead;
    case v1::RoleBinding::LOGGER:
      return kRead | SetOf(v1::LOG);
    case v1::RoleBinding::PROMOTER:
      return kRead | SetOf(v1::PROMOTE);
    case v1::RoleBinding::APPROVER:
      return kRead | SetOf(v1::APPROVE);
    case v1::RoleBinding::ADMIN:
      return kRead | SetOf(v1::LOG) | SetOf(v1::PROMOTE) | SetOf(v1::APPROVE) | SetOf(v1::ADMIN) |
             SetOf(v1::OVERRIDE);
    default:
      return 0;
  }
}

VerbSet VerbsOf(const v1::RoleBinding& binding) {
  const VerbSet of_role = VerbsOf(binding.role());
  if (binding.verbs().empty()) return of_role;
  VerbSet named = 0;
  for (const int verb : binding.verbs()) {
    if (v1::Verb_IsValid(verb)) named |= SetOf(static_cast<v1::Verb>(verb));
  }
  return of_role & named;
}

}  // namespace cairn::auth
