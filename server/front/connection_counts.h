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

  static Origin Of(const sockaddr_storage& peer);
};

struct ConnectionLimits {
  int64_t total = 0;
  int64_t per_address = 0;  // loopback addresses may have all
};

// Counts connections, and what was refused and cut. Decides who may come in.
//
// Safe to call from any thread.
class ConnectionCounts {
 public:
  // An address may have so many connections cut at once and so many a second. Beyond that it gets
  // no further ones, or, where many programs share it, ones that are watched closely.
  static constexpr int64_t kCutBurst = 8;
  static constexpr int64_t kCutsPerSecond = 1;

  enum class Answer : uint8_t {
    kWelcome,
    kSuspect,  // welcome; loopback misbehaves
    kFull,
    kAddressFull,
    kAddressMisbehaves
  };

  explicit ConnectionCounts(ConnectionLimits limits) : limits_(limits) {}
  ConnectionCounts(const ConnectionCounts&) = delete;
  ConnectionCounts& operator=(const ConnectionCounts&) = delete;

  // Counts a connection if it is welcome, else a refusal. `now_nanos` of a clock that only
  // goes forward.
  Answer Admit(Origin origin, int64_t now_nanos) CAIRN_EXCLUDES(mutex_);

  // A connection that was admitted is closed.
  void Leave(Origin origin) CAIRN_EXCLUDES(mutex_);

  // A connection that was admitted is cut; it leaves later.
  void Cut(Origin origin, Misuse misuse) CAIRN_EXCLUDES(mutex_);

  // The handshake of a connection that was admitted failed; it leaves later.
  void FailHandshake(std::string_view address, std::string_view why) CAIRN_EXCLUDES(mutex_);

  // A connection that nothing was known of was refused.
  void CountRefusal() CAIRN_EXCLUDES(mutex_);

  struct Totals {
    int64_t open = 0;
    int64_t refused = 0;  // since the start
    int64_t cut = 0;      // since the start
    Misuse last_misuse = Misuse::kNone;
    int64_t handshakes_failed = 0;  // since the start
    std::string last_failed_address;
    std::string last_failure;  // why
  };
  Totals totals() const CAIRN_EXCLUDES(mutex_);
  const ConnectionLimits& limits() const { return limits_; }

 private:
  struct PerAddress {
    int64_t open = 0;
    Allowance cuts{kCutBurst, kCutsPerSecond};
    bool misbehaves = false;
    int64_t refilled_nanos = 0;
  };
  // Addresses that have no connections are forgotten when there are more.
  static constexpr size_t kMostAddresses = 65'536;

  void Forget() CAIRN_REQUIRES(mutex_);

  const ConnectionLimits limits_;
  mutable Mutex mutex_;
  Totals totals_ CAIRN_GUARDED_BY(mutex_);
  std::unordered_map<uint64_t, PerAddress> addresses_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::front

#endif  // CAIRN_SERVER_FRONT_CONNECTION_COUNTS_H_
