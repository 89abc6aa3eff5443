#ifndef CAIRN_SERVER_FRONT_CONNECTION_COUNTS_H_
#define CAIRN_SERVER_FRONT_CONNECTION_COUNTS_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "lib/base/mutex.h"
#include "server/front/http2_frame_guard.h"

struct sockaddr_storage;

namespace cairn::front {

// Where a connection comes from: an IPv4 address, or the first half of an IPv6 address,
// because one owner has all of the second.
struct Origin {
  uint64_t key = 0;
  bool loopback = false;

  // An IPv4 address in an IPv6 one counts as the IPv4 address. REQUIRES: one of the two
  // families.
  static Origin Of(const sockaddr_storage& peer);
};

// How many connections may be open at once.
struct ConnectionLimits {
  int64_t total = 0;
  int64_t per_address = 0;  // loopback addresses may have all
};

// Counts connections, and what was refused and cut. Decides who may come in.
//
// A connection passes through Admit, then perhaps FailHandshake or Cut, then Leave.
// Each takes constant time, but for an Admit that finds the table of addresses full: it
// forgets those without connections, and what they did. Safe to call from any thread.
class ConnectionCounts {
 public:
  // An address may have so many connections cut at once and so many a second. Beyond that it gets
  // no further ones, or, where many programs share it, ones that are watched closely.
  static constexpr int64_t kCutBurst = 8;
  static constexpr int64_t kCutsPerSecond = 1;

  // Only the first two let a connection in. Loopback is never shut out for misuse:
  // behind a proxy all clients come from there.
  enum class Answer : uint8_t {
    kWelcome,
    kSuspect,  // welcome; loopback misbehaves
    kFull,
    kAddressFull,
    kAddressMisbehaves
  };

  // Counts from nothing; limits never change.
  explicit ConnectionCounts(ConnectionLimits limits) : limits_(limits) {}
  ConnectionCounts(const ConnectionCounts&) = delete;
  ConnectionCounts& operator=(const ConnectionCounts&) = delete;

  // Counts a connection if it is welcome, else a refusal. `now_nanos` of a clock that
  // only goes forward. Also gives back to the address what time has earned it.
  Answer Admit(Origin origin, int64_t now_nanos) CAIRN_EXCLUDES(mutex_);

  // A connection that was admitted is closed. REQUIRES: once for each that was
  // admitted.
  void Leave(Origin origin) CAIRN_EXCLUDES(mutex_);

  // A connection that was admitted is cut; it leaves later. Whoever just does not speak
  // HTTP/2 is counted, but it is not held against his address: that costs one read and
  // may be a wrong setting.
  void Cut(Origin origin, Misuse misuse) CAIRN_EXCLUDES(mutex_);

  // The handshake of a connection that was admitted failed; it leaves later. The last
  // one is kept for the log.
  void FailHandshake(std::string_view address, std::string_view why) CAIRN_EXCLUDES(mutex_);

  // A connection that nothing was known of was refused.
  void CountRefusal() CAIRN_EXCLUDES(mutex_);

  // All of it at one moment.
  struct Totals {
    int64_t open = 0;
    int64_t refused = 0;  // since the start
    int64_t cut = 0;      // since the start
    Misuse last_misuse = Misuse::kNone;
    int64_t handshakes_failed = 0;  // since the start
    std::string last_failed_address;
    std::string last_failure;  // why
  };
  // A copy; takes the lock for a moment.
  Totals totals() const CAIRN_EXCLUDES(mutex_);
  const ConnectionLimits& limits() const { return limits_; }

 private:
  // What is known of an Origin::key.
  struct PerAddress {
    int64_t open = 0;
    Allowance cuts{kCutBurst, kCutsPerSecond};
    bool misbehaves = false;     // until `cuts` has something left again
    int64_t refilled_nanos = 0;  // when `cuts` got back what time earned
  };
  // Addresses that have no connections are forgotten when there are more.
  static constexpr size_t kMostAddresses = 65'536;

  // O(addresses). One with open connections stays, so the table may still be full.
  void Forget() CAIRN_REQUIRES(mutex_);

  const ConnectionLimits limits_;
  mutable Mutex mutex_;
  Totals totals_ CAIRN_GUARDED_BY(mutex_);
  std::unordered_map<uint64_t, PerAddress> addresses_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::front

#endif  // CAIRN_SERVER_FRONT_CONNECTION_COUNTS_H_
