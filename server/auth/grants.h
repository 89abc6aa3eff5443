#ifndef CAIRN_SERVER_AUTH_GRANTS_H_
#define CAIRN_SERVER_AUTH_GRANTS_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/auth/identity.h"
#include "server/auth/patterns.h"
#include "server/auth/roles.h"
#include "server/auth/text_map.h"

namespace cairn::auth {

// The refusal of who may not do `verb` to `resource`, as the caller wrote it: PERMISSION_DENIED
// (PERMISSION_DENIED) with `principal`, `verb` and `resource`.
absl::Status Denied(std::string_view principal, v1::Verb verb, std::string_view resource);

// The refusal of who may not do `verb` to anything of `kind` (`models/-`, or `*`), told in terms of
// what was asked for: `asked` as the caller wrote it, or the kind where that is empty.
absl::Status DeniedAny(std::string_view principal, v1::Verb verb, std::string_view kind,
                       const std::vector<std::string>& asked);

using BindingPtr = std::shared_ptr<const v1::RoleBinding>;

// What an identity may do with one verb, for the queries that filter their answers by
// it: copied out of the bindings once a call and asked for each row. Immutable;
// outlives nothing. Later changes of bindings do not reach it: an answer is filtered by
// one state of them.
class Sight {
 public:
  // Of one who sees everything.
  static Sight All() {
    Sight sight;
    sight.everything_ = true;
    return sight;
  }

  // Nothing need be asked: the answer is always yes.
  bool everything() const { return everything_; }
  // The answer is always no.
  bool nothing() const { return !everything_ && prefixes_.empty(); }

  // Whether it covers a resource; `name` is as it is stored, in its one spelling.
  // Whoever sees an experiment sees its runs. O(segments of the name), whatever the
  // number of bindings.
  bool Sees(std::string_view name) const {
    return everything_ || AnyPrefixOf(name, [this](std::string_view prefix) {
             return prefixes_.contains(prefix);
           });
  }

 private:
  friend class Grants;

  bool everything_ = false;
  TextSet prefixes_;
};

// All role bindings, by whom they are for and what they are about. A value: the copy of
// one shares what does not change with it. Readers need no lock as long as nobody
// writes. It answers from the strings of members and names alone and knows no tokens.
class Grants {
 public:
  // Adds a binding or replaces the one of its name. One of a form that no plan makes
  // allows nothing. O(bindings of the member), because copies of this share what was
  // there before.
  void Set(const v1::RoleBinding& binding);
  // Nothing happens if there is none of the name.
  void Remove(const std::string& name);

  size_t size() const { return by_name_.size(); }

  // A binding that lets one of `members` do `verb` to `name`, which is in its one
  // spelling; null if there is none. The widest comes first. Members are asked in their
  // order. Pointers are valid until the bindings change.
  const v1::RoleBinding* Find(const std::vector<std::string>& members, v1::Verb verb,
                              std::string_view name) const;

  // One that lets them do it to something that `prefix` covers, or to what covers
  // `prefix`. For lists: whoever may read something below a collection may ask for the
  // collection.
  const v1::RoleBinding* FindWithin(const std::vector<std::string>& members, v1::Verb verb,
                                    std::string_view prefix) const;

  // Everything that any of the members may do it to.
  Sight SightOf(const std::vector<std::string>& members, v1::Verb verb) const;

  // The bindings of `members`, in their order and by name.
  std::vector<BindingPtr> Of(const std::vector<std::string>& members) const;

 private:
  // Of one member, by the prefix they cover.
  using Member = TextMap<std::vector<BindingPtr>>;

  const Member* Find(const std::string& member) const;

  SharedMap<BindingPtr> by_name_;
  SharedMap<std::shared_ptr<const Member>> by_member_;
};

}  // namespace cairn::auth

#endif  // CAIRN_SERVER_AUTH_GRANTS_H_
