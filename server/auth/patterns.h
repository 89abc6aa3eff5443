#ifndef CAIRN_SERVER_AUTH_PATTERNS_H_
#define CAIRN_SERVER_AUTH_PATTERNS_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cairn::auth {

// What bindings are about, and whether they cover what a call names.
//
// Both are compared in one spelling, in which each id is decoded once, checked, and encoded again:
// `models/Customer Segments`, `models/%43ustomer%20Segments` and `models/Customer%20Segments` are
// one model, as they are for those who look names up (ParseResourceName). What has no such spelling
// names nothing that is stored, and is covered by a binding of the whole server only.
//
// A name covers itself and everything below it, at slashes: `experiments/7` covers
// `experiments/7/runs/…` and not `experiments/70`. All functions are pure.

// The whole server.
inline constexpr std::string_view kEverything = "*";

// The one spelling of a resource name, of `*`, or of a name with `-` for any id
// (`experiments/-/runs/…`). Nullopt for what is none: an odd number of parts, a collection that is
// no word, an id that is empty, `.`, `..`, not UTF-8 or holds control characters, a broken escape,
// more than 4,096 bytes.
std::optional<std::string> CanonicalName(std::string_view name);

// The one spelling of what a binding may be about: `*`, all of a kind (`models/-`), or an
// experiment, data set, model, channel or policy. Versions, runs and aliases are left out: calls
// name them in several ways (`latest`, by alias, by id alone), and a binding must not depend on
// which one is used.
//   INVALID_ARGUMENT (FIELD_REQUIRED, NAME_INVALID) naming `field`
absl::StatusOr<std::string> CanonicalPattern(std::string_view field, std::string_view pattern);

// The one spelling of what may be asked about: what a binding may be about, or the name of a
// version, run, alias, decision, operation, token or role binding. Whether it exists makes no
// difference.
//   INVALID_ARGUMENT (NAME_INVALID) naming `field`
absl::StatusOr<std::string> CanonicalResource(std::string_view field, std::string_view name);

// What the names that a pattern covers begin with, in whole parts: nothing for `*`, the collection
// for all of a kind, else the name itself. `pattern` is in its one spelling.
std::string_view PrefixOf(std::string_view pattern);

// Whether `prefix` covers `name`, both in their one spelling.
bool Covers(std::string_view prefix, std::string_view name);

// The prefixes that cover `name`, the shortest first: "", "models", "models/m", ….
// Calls `visit` until it returns true; true if one did.
template <typename Visit>
bool AnyPrefixOf(std::string_view name, const Visit& visit) {
  if (visit(std::string_view())) return true;
  if (name == kEverything) return false;
  for (size_t end = name.find('/'); end != std::string_view::npos; end = name.find('/', end + 1)) {
    if (visit(name.substr(0, end))) return true;
  }
  return visit(name);
}

}  // namespace cairn::auth

#endif  // CAIRN_SERVER_AUTH_PATTERNS_H_
