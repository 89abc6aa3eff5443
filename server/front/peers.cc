#include "server/front/peers.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "fmt/format.h"
#include "lib/base/mutex.h"

namespace cairn::front {
namespace {

// fd63:6169:726e::/64, of the addresses that nobody routes; the number of the connection follows.
constexpr std::array<uint8_t, 8> kPrefix{0xfd, 'c', 'a', 'i', 'r', 'n', 0, 0};

struct PeerTable {
  Mutex mutex;
  std::unordered_map<uint64_t, std::shared_ptr<const Peer>> peers CAIRN_GUARDED_BY(mutex);
};

// Connections may be closed at the very end of the process, so it is never destroyed.
PeerTable& Known() {
  static auto& table = *new PeerTable;  // NOLINT(cppcoreguidelines-owning-memory)
  return table;
}

uint64_t NextNumber() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

in6_addr AddressOf(uint64_t number) {
  in6_addr address{};
  std::copy(kPrefix.begin(), kPrefix.end(), address.s6_addr);
  for (size_t i = 0; i < 8; ++i) {
    address.s6_addr[8 + i] = static_cast<uint8_t>(number >> (56 - 8 * i));
  }
  return address;
}

// The number in "ipv6:%5Bfd63:…%5D:1" or "ipv6:[fd63:…]:1".
std::optional<uint64_t> NumberIn(std::string_view peer) {
  constexpr std::string_view kScheme = "ipv6:";
  if (peer.substr(0, kScheme.size()) != kScheme) return std::nullopt;
  peer.remove_prefix(kScheme.size());
  for (const auto& [open, close] :
       {std::pair<std::string_view, std::string_view>("%5B", "%5D"), {"[", "]"}}) {
    const size_t end = peer.find(close);
    if (peer.substr(0, open.size()) != open || end == std::string_view::npos) continue;
    const std::string text(peer.substr(open.size(), end - open.size()));
    in6_addr address{};
    if (::inet_pton(AF_INET6, text.c_str(), &address) != 1) return std::nullopt;
    if (!std::equal(kPrefix.begin(), kPrefix.end(), address.s6_addr)) return std::nullopt;
    uint64_t number = 0;
    for (size_t i = 8; i < 16; ++i) number = number << 8 | address.s6_addr[i];
    return number;
  }
  return std::nullopt;
}

}  // namespace

std::shared_ptr<const Peer> PeerOf(std::string_view grpc_peer) {
  const std::optional<uint64_t> number = NumberIn(grpc_peer);
  if (!number) return nullptr;
  PeerTable& known = Known();
  const MutexLock lock(&known.mutex);
  const auto at = known.peers.find(*number);
  return at == known.peers.end() ? nullptr : at->second;
}

KnownPeer::KnownPeer(Peer peer) : number_(NextNumber()) {
  auto shared = std::make_shared<const Peer>(std::move(peer));
  PeerTable& known = Known();
  const MutexLock lock(&known.mutex);
  known.peers.emplace(number_, std::move(shared));
}

KnownPeer::~KnownPeer() {
  PeerTable& known = Known();
  const MutexLock lock(&known.mutex);
  known.peers.erase(number_);
}

void KnownPeer::FillAddress(sockaddr* address, socklen_t* size) const {
  sockaddr_in6 whole{};
  whole.sin6_family = AF_INET6;
  whole.sin6_port = htons(1);
  whole.sin6_addr = AddressOf(number_);
  std::memcpy(address, &whole, std::min<size_t>(*size, sizeof(whole)));
  *size = sizeof(whole);
}

std::string AddressText(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &ipv4.sin_addr, text.data(), text.size());
    return fmt::format("{}:{}", text.data(), ntohs(ipv4.sin_port));
  }
  if (address.ss_family != AF_INET6) return "";
  const auto& ipv6 = reinterpret_cast<const sockaddr_in6&>(address);
  ::inet_ntop(AF_INET6, &ipv6.sin6_addr, text.data(), text.size());
  return fmt::format("[{}]:{}", text.data(), ntohs(ipv6.sin6_port));
}

}  // namespace cairn::front
