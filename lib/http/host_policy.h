#ifndef CAIRN_LIB_HTTP_HOST_POLICY_H_
#define CAIRN_LIB_HTTP_HOST_POLICY_H_

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::http {

// Decides whether a request was meant for this server, by its Host and Origin.
//
// A page on another site can point a name of its own at 127.0.0.1 (DNS
// rebinding) and then talk to a local server as if it were the same origin. The
// Host header still carries that name, so names that are not ours are refused.
// The names that are ours: localhost and names under it, the loopback
// addresses, the address the server is bound to, and what the operator adds. A
// server bound to every address also accepts any address literal: rebinding
// needs a name.
//
// Immutable, so safe from any thread; copyable.
class HostPolicy {
 public:
  // `bound_host` is an address without brackets or a name; `extra` are names or
  // addresses without port, in any case.
  HostPolicy(std::string_view bound_host, const std::vector<std::string>& extra);

  // `host` is the value of a Host header, with or without port.
  bool AllowsHost(std::string_view host) const;

  // `origin` is the value of an Origin header ("http://localhost:5000"). The
  // opaque origin "null" is refused.
  bool AllowsOrigin(std::string_view origin) const;

 private:
  std::set<std::string> names_;  // lower case, addresses without brackets
  bool any_address_ = false;
};

// The host of "host:port", "[::1]:port", "host" or "::1": lower case, without
// brackets and trailing dot. Empty when the text is neither.
std::string HostOf(std::string_view authority);

}  // namespace cairn::http

#endif  // CAIRN_LIB_HTTP_HOST_POLICY_H_
