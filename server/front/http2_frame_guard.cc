#include "server/front/http2_frame_guard.h"

#include <algorithm>
#include <cstring>

namespace cairn::front {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr char kTlsHandshake = 0x16;  // how a connection that speaks TLS begins

enum FrameType : uint8_t {
  kData = 0,
  kHeaders = 1,
  kRstStream = 3,
  kSettings = 4,
  kPing = 6,
  kContinuation = 9,
};

constexpr uint8_t kAck = 0x1;
constexpr uint8_t kEndStream = 0x1;
constexpr uint8_t kEndHeaders = 0x4;

// Refilling more often would cost more and give the same.
constexpr int64_t kRefillNanos = 10'000'000;
constexpr int64_t kMostRefillNanos = 3'600'000'000'000;

// A stream that is opened pays for half a reset.
constexpr int64_t kResetsPerStreamThousandths = 500;
// And for window updates and the like.
constexpr int64_t kControlPerStreamThousandths = 4'000;

// The time since the last refill that is to be given back now; 0 when that was a moment ago.
int64_t TimeToGiveBack(int64_t now_nanos, int64_t& refilled_nanos) {
  const int64_t elapsed = now_nanos - refilled_nanos;
  if (elapsed < kRefillNanos) return 0;
  refilled_nanos = now_nanos;
  return std::min(elapsed, kMostRefillNanos);
}

}  // namespace

std::string_view NameOf(Misuse misuse) {
  switch (misuse) {
    case Misuse::kNone:
      return "none";
    case Misuse::kPreface:
      return "preface";
    case Misuse::kTls:
      return "TLS on a port without it";
    case Misuse::kStreams:
      return "streams";
    case Misuse::kResets:
      return "resets";
    case Misuse::kHeaderBlock:
      return "header-block";
    case Misuse::kLargeHeaders:
      return "large-headers";
    case Misuse::kSettings:
      return "settings";
    case Misuse::kPings:
      return "pings";
    case Misuse::kControlFrames:
      return "control-frames";
  }
  return "unknown";
}

bool SharedAllowance::Take(int64_t now_nanos) {
  const MutexLock lock(&mutex_);
  allowance_.Refill(TimeToGiveBack(now_nanos, refilled_nanos_));
  return allowance_.Take();
}

void Http2FrameGuard::BeginRead(int64_t now_nanos) {
  streams_of_read_ = 0;
  read_nanos_ = now_nanos;
  const int64_t nanos = TimeToGiveBack(now_nanos, refilled_nanos_);
  if (nanos == 0) return;
  for (Allowance* each : {&resets_, &large_headers_, &settings_, &pings_, &control_}) {
    each->Refill(nanos);
  }
}

Misuse Http2FrameGuard::Feed(std::string_view bytes) {
  while (!bytes.empty() && misuse_ == Misuse::kNone) {
    size_t taken = 0;
    if (preface_bytes_ < kPreface.size()) {
      taken = FeedPreface(bytes);
    } else if (payload_bytes_ > 0) {
      taken = std::min<size_t>(payload_bytes_, bytes.size());
      payload_bytes_ -= static_cast<uint32_t>(taken);
    } else {
      taken = FeedHeader(bytes);
    }
    bytes.remove_prefix(taken);
  }
  return misuse_;
}

size_t Http2FrameGuard::FeedPreface(std::string_view bytes) {
  const size_t taken = std::min(kPreface.size() - preface_bytes_, bytes.size());
  if (bytes.substr(0, taken) != kPreface.substr(preface_bytes_, taken)) {
    const bool tls = preface_bytes_ == 0 && bytes.front() == kTlsHandshake;
    misuse_ = tls ? Misuse::kTls : Misuse::kPreface;
  }
  preface_bytes_ = static_cast<uint8_t>(preface_bytes_ + taken);
  return taken;
}

size_t Http2FrameGuard::FeedHeader(std::string_view bytes) {
  const size_t taken = std::min(kHeaderSize - header_bytes_, bytes.size());
  std::memcpy(header_.data() + header_bytes_, bytes.data(), taken);
  header_bytes_ = static_cast<uint8_t>(header_bytes_ + taken);
  if (header_bytes_ == kHeaderSize) {
    header_bytes_ = 0;
    misuse_ = OnFrame();
  }
  return taken;
}

Misuse Http2FrameGuard::OnFrame() {
  const auto byte = [this](size_t at) { return uint32_t{header_[at]}; };
  const uint32_t length = byte(0) << 16 | byte(1) << 8 | byte(2);
  const uint8_t flags = header_[4];
  const uint32_t stream = (byte(5) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8)) & 0x7fffffff;
  payload_bytes_ = length;
  switch (header_[3]) {
    case kData:
      if (length > 0 || (flags & kEndStream) != 0) return Misuse::kNone;
      break;
    case kHeaders:
      return OnHeaders(length, flags, stream);
    case kContinuation:
      return OnContinuation(length, flags);
    case kRstStream:
      return OnReset();
    case kSettings:
      if ((flags & kAck) != 0) {
        settings_known_ = true;
        break;
      }
      return settings_.Take() ? Misuse::kNone : Misuse::kSettings;
    case kPing:
      if ((flags & kAck) != 0) break;
      return pings_.Take() ? Misuse::kNone : Misuse::kPings;
    default:
      break;
  }
  return control_.Take() ? Misuse::kNone : Misuse::kControlFrames;
}

Misuse Http2FrameGuard::OnHeaders(uint32_t length, uint8_t flags, uint32_t stream) {
  block_bytes_ = length;
  continuations_ = 0;
  if (stream > last_stream_) {
    last_stream_ = stream;
    resets_.Earn(kResetsPerStreamThousandths);
    control_.Earn(kControlPerStreamThousandths);
    if (!settings_known_ && ++streams_before_settings_ > kStreamsAtOnce) return Misuse::kStreams;
    if (++streams_of_read_ > kStreamsAtOnce) return Misuse::kStreams;
  } else if (!control_.Take()) {
    return Misuse::kControlFrames;
  }
  if (block_bytes_ > kHeaderBlockBytes) return Misuse::kHeaderBlock;
  return (flags & kEndHeaders) != 0 ? OnHeaderBlockEnd() : Misuse::kNone;
}

Misuse Http2FrameGuard::OnContinuation(uint32_t length, uint8_t flags) {
  block_bytes_ += length;
  if (++continuations_ > kContinuations || block_bytes_ > kHeaderBlockBytes) {
    return Misuse::kHeaderBlock;
  }
  return (flags & kEndHeaders) != 0 ? OnHeaderBlockEnd() : Misuse::kNone;
}

Misuse Http2FrameGuard::OnHeaderBlockEnd() {
  if (block_bytes_ <= kLargeHeaderBytes) return Misuse::kNone;
  return large_headers_.Take() ? Misuse::kNone : Misuse::kLargeHeaders;
}

Misuse Http2FrameGuard::OnReset() {
  --streams_of_read_;
  if (!resets_.Take()) return Misuse::kResets;
  const bool crowded = crowd_resets_ != nullptr && !crowd_resets_->Take(read_nanos_);
  return crowded && resets_.used() > kResetsInACrowd ? Misuse::kResets : Misuse::kNone;
}

}  // namespace cairn::front
