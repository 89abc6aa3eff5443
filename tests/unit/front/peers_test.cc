#include "server/front/peers.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <array>
#include <memory>
#include <string>

namespace cairn::front {
namespace {

// What gRPC makes of the address that a connection has for it.
std::string GrpcPeer(const KnownPeer& known) {
  sockaddr_in6 address{};
  socklen_t size = sizeof(address);
  known.FillAddress(reinterpret_cast<sockaddr*>(&address), &size);
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size());
  return std::string("ipv6:%5B") + text.data() + "%5D:1";
}

TEST(PeersTest, APeerIsFoundAsLongAsItsConnectionIsOpen) {
  auto known = std::make_unique<KnownPeer>(Peer{"192.0.2.1:7", std::nullopt});
  const std::string name = GrpcPeer(*known);
  const auto found = PeerOf(name);
  ASSERT_NE(found, nullptr) << name;
  EXPECT_EQ(found->address, "192.0.2.1:7");
  known.reset();
  EXPECT_EQ(PeerOf(name), nullptr);
}

TEST(PeersTest, WhoHasTheSamePortLaterIsAnother) {
  std::string before;
  {
    const KnownPeer first(Peer{"192.0.2.1:7", tls::CertificateIdentity{"cn:ann", "", 0}});
    before = GrpcPeer(first);
  }
  const KnownPeer second(Peer{"192.0.2.1:7", tls::CertificateIdentity{"cn:bob", "", 0}});
  EXPECT_EQ(PeerOf(before), nullptr);
  ASSERT_NE(PeerOf(GrpcPeer(second)), nullptr);
  EXPECT_EQ(PeerOf(GrpcPeer(second))->certificate->principal, "cn:bob");
}

TEST(PeersTest, OtherAddressesBelongToNobody) {
  const KnownPeer known(Peer{"192.0.2.1:7", std::nullopt});
  for (const char* peer : {"", "ipv4:192.0.2.1:7", "ipv6:%5B::1%5D:7", "ipv6:", "ipv6:%5B",
                           "unix:/x", "ipv6:%5Bfd63:6169:726e::%5D:1"}) {
    EXPECT_EQ(PeerOf(peer), nullptr) << peer;
  }
}

}  // namespace
}  // namespace cairn::front
