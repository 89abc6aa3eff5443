#ifndef CAIRN_SERVER_AUTH_ALLOWANCE_H_
#define CAIRN_SERVER_AUTH_ALLOWANCE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "server/auth/grants.h"

namespace cairn::auth {

// What one caller may do with one verb, for methods that ask themselves because only what they read
// says what a call is about (MethodRule.within). By default that of a caller who may do everything.
//
// A value; what it knows is that of the moment when it was made, so it is made for each call. It
// outlives nothing, and may be used by any thread as long as nobody writes it.
//
// Whoever asks takes care that a refusal is the same whether or not something exists: what is not
// stored is asked for by the name that the call gives, and refused before it is said to be missing.
struct Allowance {
  Sight sight = Sight::All();
  std::string principal = "local";  // whose
  v1::Verb verb = v1::READ;

  // Whether it covers a resource that is stored under this name, in its one spelling.
  bool Covers(std::string_view name) const { return sight.Sees(name); }

  // PERMISSION_DENIED (PERMISSION_DENIED) unless it covers `name`; the refusal names the resource
  // `as`, as the caller wrote it.
  absl::Status Require(std::string_view name, std::string_view as) const {
    return Covers(name) ? absl::OkStatus() : Denied(principal, verb, as);
  }
  absl::Status Require(std::string_view name) const { return Require(name, name); }
};

}  // namespace cairn::auth

#endif  // CAIRN_SERVER_AUTH_ALLOWANCE_H_
