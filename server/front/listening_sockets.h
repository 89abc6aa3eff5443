#ifndef CAIRN_SERVER_FRONT_LISTENING_SOCKETS_H_
#define CAIRN_SERVER_FRONT_LISTENING_SOCKETS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/front/descriptors.h"

namespace cairn::front {

// Sockets that listen, all on one port.
struct Listeners {
  std::vector<UniqueFd> sockets;
  int port = 0;
};

// Listens on every address that HOST:PORT means: an IPv4 address, an IPv6 address in
// brackets ("[::]" is both families) or a name. Port 0 picks a free one. An address family
// that the machine lacks is left out if the name has others. The sockets do not block and
// are not shared with another process, but do not wait for old connections of the port.
//
// INVALID_ARGUMENT (CONFIG_INVALID) when the address does not resolve or one of its
// addresses is taken or may not be used.
absl::StatusOr<Listeners> Listen(const std::string& address);

}  // namespace cairn::front

#endif  // CAIRN_SERVER_FRONT_LISTENING_SOCKETS_H_
