#include "server/front/connection_counts.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace cairn::front {
namespace {

constexpr uint64_t kIpv4 = uint64_t{0xffff} << 32;
constexpr uint32_t kLoopbackNet = 127;

Origin OfIpv4(uint32_t address) { return {kIpv4 | address, address >> 24 == kLoopbackNet}; }

Origin OfIpv6(const in6_addr& address) {
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    uint32_t last = 0;
    std::memcpy(&last, &address.s6_addr[12], sizeof(last));
    return OfIpv4(ntohl(last));
  }
  if (IN6_IS_ADDR_LOOPBACK(&address)) return {0, true};
  uint64_t first = 0;
  std::memcpy(&first, address.s6_addr, sizeof(first));
  return {first, false};
}

}  // namespace

Origin Origin::Of(const sockaddr_storage& peer) {
  if (peer.ss_family == AF_INET) {
    return OfIpv4(ntohl(reinterpret_cast<const sockaddr_in&>(peer).sin_addr.s_addr));
  }
  return OfIpv6(reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr);
}

ConnectionCounts::Answer ConnectionCounts::Admit(Origin origin, int64_t now_nanos) {
  const MutexLock lock(&mutex_);
  if (addresses_.size() >= kMostAddresses) Forget();
  PerAddress& address = addresses_[origin.key];
  address.cuts.Refill(std::min<int64_t>(now_nanos - address.refilled_nanos, int64_t{1} << 40));
  address.refilled_nanos = now_nanos;
  address.misbehaves = address.misbehaves && address.cuts.empty();
  const int64_t most = origin.loopback ? limits_.total : limits_.per_address;
  Answer answer = Answer::kWelcome;
  if (totals_.open >= limits_.total) {
    answer = Answer::kFull;
  } else if (address.open >= most) {
    answer = Answer::kAddressFull;
  } else if (address.misbehaves) {
    answer = origin.loopback ? Answer::kSuspect : Answer::kAddressMisbehaves;
  }
  if (answer == Answer::kWelcome || answer == Answer::kSuspect) {
    ++totals_.open;
    ++address.open;
  } else {
    ++totals_.refused;
  }
  return answer;
}

void ConnectionCounts::Leave(Origin origin) {
  const MutexLock lock(&mutex_);
  --totals_.open;
  --addresses_[origin.key].open;
}

void ConnectionCounts::Cut(Origin origin, Misuse misuse) {
  const MutexLock lock(&mutex_);
  ++totals_.cut;
  totals_.last_misuse = misuse;
  // Whoever does not speak HTTP/2 costs one read, and may be honest with a wrong setting.
  if (misuse == Misuse::kPreface || misuse == Misuse::kTls) return;
  PerAddress& address = addresses_[origin.key];
  address.cuts.Take();
  address.misbehaves = address.cuts.empty();
}

void ConnectionCounts::CountRefusal() {
  const MutexLock lock(&mutex_);
  ++totals_.refused;
}

void ConnectionCounts::FailHandshake(std::string_view address, std::string_view why) {
  const MutexLock lock(&mutex_);
  ++totals_.handshakes_failed;
  totals_.last_failed_address = address;
  totals_.last_failure = why;
}

ConnectionCounts::Totals ConnectionCounts::totals() const {
  const MutexLock lock(&mutex_);
  return totals_;
}

void ConnectionCounts::Forget() {
  std::erase_if(addresses_, [](const auto& entry) { return entry.second.open == 0; });
}

}  // namespace cairn::front
