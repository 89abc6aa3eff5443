#include "pipeline/data/byte_source.h"

#include <zlib.h>

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "lib/zstd/frames.h"
#include "pipeline/data/input_error.h"

namespace cairn::pipeline {
namespace {

absl::Status Damaged(std::string_view what) {
  return InputError(absl::StatusCode::kDataLoss, kInputDamaged, what);
}

class GzipStream : public ByteStream {
 public:
  GzipStream(std::string_view packed, const InputLimits& limits)
      : packed_(packed), limits_(limits) {
    // 15 = largest window, +16 = gzip framing.
    ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK;
  }
  ~GzipStream() override {
    if (ready_) inflateEnd(&stream_);
  }
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  absl::StatusOr<size_t> Read(char* out, size_t capacity) override {
    if (!ready_) {
      return InputError(absl::StatusCode::kResourceExhausted, kInputTooLarge,
                        "no memory to unpack");
    }
    size_t produced = 0;
    while (produced == 0 && !finished_) {
      CAIRN_ASSIGN_OR_RETURN(produced, Step(out, capacity));
    }
    unpacked_ += produced;
    CAIRN_RETURN_IF_ERROR(CheckUnpacked(unpacked_, packed_.size(), limits_));
    return produced;
  }

  uint64_t consumed() const override { return consumed_; }

 private:
  absl::StatusOr<size_t> Step(char* out, size_t capacity) {
    const size_t piece = std::min<size_t>(packed_.size() - consumed_, 1u << 30);
    const size_t room = std::min<size_t>(capacity, 1u << 30);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed_.data() + consumed_));
    stream_.avail_in = static_cast<uInt>(piece);
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(room);
    const int result = inflate(&stream_, Z_NO_FLUSH);
    consumed_ += piece - stream_.avail_in;
    const size_t produced = room - stream_.avail_out;
    if (result == Z_STREAM_END) {
      // Another member may follow; trailing zero padding is not one.
      if (DetectInputKind(packed_.substr(consumed_)) != InputKind::kGzip) {
        finished_ = true;
      } else if (inflateReset(&stream_) != Z_OK) {
        return Damaged("the gzip data cannot be continued");
      }
    } else if (result == Z_BUF_ERROR || (result == Z_OK && produced == 0 && piece == 0)) {
      return Damaged("the gzip data ends too early");
    } else if (result != Z_OK) {
      return Damaged("the gzip data is damaged");
    }
    return produced;
  }

  std::string_view packed_;
  InputLimits limits_;
  z_stream stream_{};
  bool ready_ = false;
  bool finished_ = false;
  size_t consumed_ = 0;
  uint64_t unpacked_ = 0;
};

class ZstdStream : public ByteStream {
 public:
  ZstdStream(std::string_view packed, const InputLimits& limits)
      : packed_bytes_(packed.size()),
        limits_(limits),
        left_(packed),
        frames_([this] { return NextPiece(); }) {}
  ZstdStream(const ZstdStream&) = delete;
  ZstdStream& operator=(const ZstdStream&) = delete;

  absl::StatusOr<size_t> Read(char* out, size_t capacity) override {
    const absl::StatusOr<size_t> produced = frames_.Read(out, capacity);
    if (absl::IsDataLoss(produced.status()))
      return Damaged(std::string(produced.status().message()));
    if (!produced.ok()) {
      return InputError(produced.status().code(), kInputTooLarge,
                        std::string(produced.status().message()));
    }
    unpacked_ += *produced;
    CAIRN_RETURN_IF_ERROR(CheckUnpacked(unpacked_, packed_bytes_, limits_));
    return *produced;
  }

  uint64_t consumed() const override { return packed_bytes_ - left_.size(); }

 private:
  // In pieces, so that one knows how far it is.
  absl::StatusOr<std::string_view> NextPiece() {
    constexpr size_t kPackedPiece = size_t{256} << 10;
    const std::string_view piece = left_.substr(0, kPackedPiece);
    left_.remove_prefix(piece.size());
    return piece;
  }

  const uint64_t packed_bytes_;
  const InputLimits limits_;
  std::string_view left_;
  zstd::FrameReader frames_;
  uint64_t unpacked_ = 0;
};

}  // namespace

InputKind DetectInputKind(std::string_view head) {
  if (head.starts_with("\x1f\x8b\x08")) return InputKind::kGzip;
  if (head.starts_with("\x28\xb5\x2f\xfd")) return InputKind::kZstd;
  if (head.starts_with("PK\x03\x04") || head.starts_with("PK\x05\x06")) return InputKind::kZip;
  return InputKind::kPlain;
}

std::string_view InputKindName(InputKind kind) {
  switch (kind) {
    case InputKind::kPlain:
      return "plain";
    case InputKind::kGzip:
      return "gzip";
    case InputKind::kZstd:
      return "zstd";
    case InputKind::kZip:
      return "zip";
  }
  return "plain";
}

std::unique_ptr<ByteStream> OpenGzip(std::string_view packed, const InputLimits& limits) {
  return std::make_unique<GzipStream>(packed, limits);
}

std::unique_ptr<ByteStream> OpenZstd(std::string_view packed, const InputLimits& limits) {
  return std::make_unique<ZstdStream>(packed, limits);
}

absl::Status CheckUnpacked(uint64_t unpacked, uint64_t packed, const InputLimits& limits) {
  if (unpacked > limits.max_decompressed_bytes) {
    return InputError(
        absl::StatusCode::kResourceExhausted, kInputTooLarge,
        fmt::format("the input unpacks to more than {} bytes", limits.max_decompressed_bytes));
  }
  if (unpacked > limits.ratio_floor_bytes &&
      static_cast<double>(unpacked) > limits.max_ratio * static_cast<double>(packed)) {
    return InputError(
        absl::StatusCode::kResourceExhausted, kInputTooLarge,
        fmt::format("the input unpacks to more than {} times its size", limits.max_ratio));
  }
  return absl::OkStatus();
}

uint64_t MostUnpacked(uint64_t packed, const InputLimits& limits) {
  const double by_ratio = std::max(static_cast<double>(limits.ratio_floor_bytes),
                                   limits.max_ratio * static_cast<double>(packed));
  if (by_ratio >= static_cast<double>(limits.max_decompressed_bytes)) {
    return limits.max_decompressed_bytes;
  }
  return static_cast<uint64_t>(by_ratio);
}

}  // namespace cairn::pipeline
