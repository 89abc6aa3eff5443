#ifndef CAIRN_LIB_HTTP_HOST_PORT_H_
#define CAIRN_LIB_HTTP_HOST_PORT_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cairn::http {

// Where somebody listens: `HOST:PORT`, taken apart. Value type.
struct HostPort {
  std::string host;  // a name or an address; of IPv6 without brackets, never empty
  std::string port;  // decimal, 0 to 65535

  // As it stands in a Host header: an address of IPv6 has brackets.
  std::string ToString() const;
};

// Takes `localhost:8080`, `127.0.0.1:0` and `[::1]:8080`. INVALID_ARGUMENT for a text without a
// host or a port, and for an address of IPv6 without brackets. Pure.
absl::StatusOr<HostPort> ParseHostPort(std::string_view address);

}  // namespace cairn::http

#endif  // CAIRN_LIB_HTTP_HOST_PORT_H_
