#include "server/front/listening_sockets.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"

namespace cairn::front {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

absl::Status CannotListen(const std::string& address, std::string_view why) {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::CONFIG_INVALID,
               fmt::format("cannot listen on grpc-address {}: {}", address, why))
      .With("grpcAddress", address)
      .ToStatus();
}

absl::StatusOr<AddressList> Resolve(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return CannotListen(address, "it must be HOST:PORT");
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), address.substr(colon + 1).c_str(), &hints, &found);
  if (error != 0) return CannotListen(address, ::gai_strerror(error));
  return AddressList(found, &::freeaddrinfo);
}

in_port_t& PortOf(sockaddr_storage& address) {
  return address.ss_family == AF_INET ? reinterpret_cast<sockaddr_in&>(address).sin_port
                                      : reinterpret_cast<sockaddr_in6&>(address).sin6_port;
}

bool IsAnyIpv6(const sockaddr_storage& address) {
  return address.ss_family == AF_INET6 &&
         IN6_IS_ADDR_UNSPECIFIED(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
}

// A socket that listens on `address`; errno says why not. Fills in the port.
UniqueFd ListenOn(sockaddr_storage& address, socklen_t size) {
  UniqueFd fd(::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.ok()) return fd;
  const int on = 1;
  const int only_ipv6 = IsAnyIpv6(address) ? 0 : 1;
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (address.ss_family == AF_INET6) {
    (void)::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only_ipv6, sizeof(only_ipv6));
  }
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd.get(), raw, size) != 0 || ::listen(fd.get(), SOMAXCONN) != 0 ||
      ::getsockname(fd.get(), raw, &size) != 0) {
    const int error = errno;
    fd.Reset();
    errno = error;
  }
  return fd;
}

bool IsMissingFamily(int error) { return error == EAFNOSUPPORT || error == EADDRNOTAVAIL; }

}  // namespace

absl::StatusOr<Listeners> Listen(const std::string& address) {
  absl::StatusOr<AddressList> found = Resolve(address);
  if (!found.ok()) return found.status();
  Listeners listeners;
  std::set<std::string> seen;
  int missing = 0;
  for (const addrinfo* entry = found->get(); entry != nullptr; entry = entry->ai_next) {
    sockaddr_storage one{};
    if (entry->ai_addrlen > sizeof(one)) continue;
    ::memcpy(&one, entry->ai_addr, entry->ai_addrlen);
    // A name may list an address twice.
    if (!seen.emplace(reinterpret_cast<const char*>(&one), sizeof(one)).second) continue;
    if (listeners.port != 0) PortOf(one) = htons(static_cast<uint16_t>(listeners.port));
    UniqueFd fd = ListenOn(one, entry->ai_addrlen);
    if (fd.ok()) {
      listeners.port = ntohs(PortOf(one));
      listeners.sockets.push_back(std::move(fd));
    } else if (IsMissingFamily(errno)) {
      missing = errno;
    } else {
      return CannotListen(address, ::strerror(errno));
    }
  }
  if (listeners.sockets.empty()) return CannotListen(address, ::strerror(missing));
  return listeners;
}

}  // namespace cairn::front
