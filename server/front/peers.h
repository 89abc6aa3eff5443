#ifndef CAIRN_SERVER_FRONT_PEERS_H_
#define CAIRN_SERVER_FRONT_PEERS_H_

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/tls/certificate_identity.h"

namespace cairn::front {

// Who is at the other end of a TLS connection. Plain values.
struct Peer {
  std::string address;                                  // "192.0.2.7:51234", "[2001:db8::7]:51234"
  std::optional<tls::CertificateIdentity> certificate;  // if he showed one that was accepted
};

// The peer of a call on a TLS connection, by what grpc::ServerContext::peer() says of it. Null
// for connections without TLS, whose peer() is their address, and when the connection is closed.
//
// To be asked when a call begins. gRPC is told an address for each TLS connection that
// no other ever gets, instead of the client's, so a call never gets the identity of who
// has the same port later. For the client's address use Peer::address. Safe to call
// from any thread. What it returns may be kept for as long as the call needs it.
std::shared_ptr<const Peer> PeerOf(std::string_view grpc_peer);

// Makes a peer known as long as it lives. Owned by the connection.
class KnownPeer {
 public:
  // Gives the connection a number that none had before, and so an address.
  explicit KnownPeer(Peer peer);
  ~KnownPeer();
  KnownPeer(const KnownPeer&) = delete;
  KnownPeer& operator=(const KnownPeer&) = delete;

  // As getpeername: fills in the address that stands for the connection, as far as
  // there is room. The address is one of fd63:6169:726e::/64, which nobody routes, with
  // the number in its second half.
  void FillAddress(sockaddr* address, socklen_t* size) const;

 private:
  const uint64_t number_;  // of the connection, since the start
};

// An address for people; empty when it is of no family known. With its port, and IPv6
// in brackets.
std::string AddressText(const sockaddr_storage& address);

}  // namespace cairn::front

#endif  // CAIRN_SERVER_FRONT_PEERS_H_
