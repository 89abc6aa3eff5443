#ifndef CAIRN_SERVER_FRONT_HTTP2_FRAME_GUARD_H_
#define CAIRN_SERVER_FRONT_HTTP2_FRAME_GUARD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "lib/base/mutex.h"

namespace cairn::front {

// Something that may happen a number of times at once and so many times a second in the
// long run. Plain values; counts in thousandths so that slow rates lose nothing. A
// token bucket. Not thread-safe; it reads no clock.
class Allowance {
 public:
  // Full at the beginning.
  constexpr Allowance(int64_t burst, int64_t per_second)
      : most_(burst * 1000), per_second_(per_second), left_(most_) {}

  // What `nanos` of time give back.
  void Refill(int64_t nanos) { Earn(nanos / 1000 * per_second_ / 1000); }
  // Adds thousandths of one; what is beyond the burst is lost.
  void Earn(int64_t thousandths) {
    left_ = left_ + thousandths < most_ ? left_ + thousandths : most_;
  }
  // Takes one; false when nothing was left.
  bool Take() {
    if (empty()) return false;
    left_ -= 1000;
    return true;
  }
  bool empty() const { return left_ < 1000; }
  // How many of the burst are used up now.
  int64_t used() const { return (most_ - left_) / 1000; }

 private:
  int64_t most_;
  int64_t per_second_;
  int64_t left_;
};

// An allowance that many connections take from. Safe to call from any thread; outlives
// them. Used for resets alone, so the lock is taken once for each.
class SharedAllowance {
 public:
  SharedAllowance(int64_t burst, int64_t per_second) : allowance_(burst, per_second) {}

  // Takes one at this time, of a clock that only goes forward; false when nothing was left.
  bool Take(int64_t now_nanos) CAIRN_EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  Allowance allowance_ CAIRN_GUARDED_BY(mutex_);
  int64_t refilled_nanos_ CAIRN_GUARDED_BY(mutex_) = 0;
};

// Why a connection is cut. The first one that is found counts, and the rest is not
// read.
enum class Misuse : uint8_t {
  kNone,
  kPreface,        // it does not speak HTTP/2
  kTls,            // it speaks TLS where plain text is spoken
  kStreams,        // more streams than a client with as many calls as it may have can open
  kResets,         // streams are opened to be reset
  kHeaderBlock,    // one block of headers has too many bytes or frames
  kLargeHeaders,   // many blocks that are larger than any metadata may be
  kSettings,       // many SETTINGS
  kPings,          // many PINGs
  kControlFrames,  // many of the other frames that carry nothing
};

// Its name in messages: "resets".
std::string_view NameOf(Misuse misuse);

// Watches what a client sends on one HTTP/2 connection (RFC 9113) and tells when it costs
// the server more than honest use can. It sees frame headers only (section 4.1), however
// the bytes are cut, and keeps a few counters.
//
// What an honest client never meets: it has at most kStreamsPerConnection calls under way,
// so what lies unread in the socket opens no more streams than that; each call pays for a few
// frames that carry nothing, and each that is not cancelled for half of one that is. The numbers
// are far above what clients of gRPC do at full speed.
//
// Not thread-safe. `now_nanos` are of any clock that only goes forward.
class Http2FrameGuard {
 public:
  static constexpr int kStreamsAtOnce = 1024;  // of one read, and before SETTINGS are known
  // Streams that the client resets (RST_STREAM), as in "rapid reset" (CVE-2023-44487):
  // each costs the server a call and the client nothing.
  static constexpr int64_t kResetBurst = 1024;
  static constexpr int64_t kResetsPerSecond = 200;
  // All connections together may reset so many. Beyond that those are cut that have
  // used up more than a little of their own: many connections may not do together what
  // one may not. That is `crowd_resets`, which the acceptor shares among its
  // connections.
  static constexpr int64_t kCrowdResetBurst = 8 * kResetBurst;
  static constexpr int64_t kCrowdResetsPerSecond = 4'000;
  static constexpr int64_t kResetsInACrowd = kResetBurst / 16;
  // One block of headers: its bytes, and how many CONTINUATION frames it may take.
  // Endless ones would fill memory before a call exists.
  static constexpr uint32_t kHeaderBlockBytes = 64 << 10;
  static constexpr int kContinuations = 8;
  // A block above this is larger than any metadata may be, and is refused after it was
  // decoded; so many of them may come.
  static constexpr uint32_t kLargeHeaderBytes = 8 << 10;
  static constexpr int64_t kLargeHeaderBurst = 64;
  static constexpr int64_t kLargeHeadersPerSecond = 10;
  // SETTINGS and PINGs that are no acknowledgement: each makes the server answer.
  static constexpr int64_t kSettingsBurst = 100;
  static constexpr int64_t kSettingsPerSecond = 20;
  static constexpr int64_t kPingBurst = 2'000;
  static constexpr int64_t kPingsPerSecond = 5'000;
  // All other frames without contents, acknowledgements and empty DATA among them.
  static constexpr int64_t kControlBurst = 100'000;
  static constexpr int64_t kControlPerSecond = 100'000;

  // Of what may happen at once or a second, a connection gets this share: 1 all, 16 a sixteenth.
  // `crowd_resets` is shared by all connections, or null.
  explicit Http2FrameGuard(int64_t share = 1,
                           std::shared_ptr<SharedAllowance> crowd_resets = nullptr)
      : crowd_resets_(std::move(crowd_resets)),
        resets_(kResetBurst / share, kResetsPerSecond / share),
        large_headers_(kLargeHeaderBurst / share, kLargeHeadersPerSecond / share),
        settings_(kSettingsBurst / share, kSettingsPerSecond / share),
        pings_(kPingBurst / share, kPingsPerSecond / share),
        control_(kControlBurst / share, kControlPerSecond / share) {}

  // The bytes that follow, as one read of the socket got them, are fed in one or more
  // pieces after BeginRead. It gives back what time has earned, at most an hour's.
  void BeginRead(int64_t now_nanos);

  // What is wrong with all that was fed so far; what was wrong once stays so. Never
  // copies payloads; O(frames) in `bytes`.
  Misuse Feed(std::string_view bytes);

 private:
  static constexpr size_t kHeaderSize = 9;

  // These take bytes from the front and return how many. Payloads are never looked at,
  // only skipped.
  size_t FeedPreface(std::string_view bytes);
  size_t FeedHeader(std::string_view bytes);
  // Judges the frame whose header is complete. Frames of kinds that are not known count
  // as control frames.
  Misuse OnFrame();
  // A number above all before it opens a stream; any other is a block of trailers.
  Misuse OnHeaders(uint32_t length, uint8_t flags, uint32_t stream);
  // Adds to the block that a HEADERS frame began.
  Misuse OnContinuation(uint32_t length, uint8_t flags);
  Misuse OnHeaderBlockEnd();
  // Takes from the connection's own allowance and from the crowd's.
  Misuse OnReset();

  std::array<uint8_t, kHeaderSize> header_{};
  uint8_t header_bytes_ = 0;    // of header_ that are known
  uint8_t preface_bytes_ = 0;   // of the preface that were seen
  uint32_t payload_bytes_ = 0;  // still to be skipped
  Misuse misuse_ = Misuse::kNone;

  bool settings_known_ = false;  // the client has acknowledged ours
  uint32_t last_stream_ = 0;     // the greatest number opened
  int64_t streams_before_settings_ = 0;
  int64_t streams_of_read_ = 0;  // opened and not reset
  uint32_t block_bytes_ = 0;     // of the block of headers under way
  int continuations_ = 0;        // of the same

  int64_t read_nanos_ = 0;  // of the last BeginRead
  int64_t refilled_nanos_ = 0;
  std::shared_ptr<SharedAllowance> crowd_resets_;
  Allowance resets_;
  Allowance large_headers_;
  Allowance settings_;
  Allowance pings_;
  Allowance control_;
};

}  // namespace cairn::front

#endif  // CAIRN_SERVER_FRONT_HTTP2_FRAME_GUARD_H_
