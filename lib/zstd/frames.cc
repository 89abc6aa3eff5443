#include "lib/zstd/frames.h"

#include <zstd.h>

#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace cairn::zstd {
namespace {

constexpr int kMaxWindowLog = 27;  // 128 MiB

absl::Status Damaged(std::string_view what) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::VALUE_INVALID, what);
}

}  // namespace

struct FrameReader::Impl {
  explicit Impl(More m) : more(std::move(m)) {
    if (stream) ZSTD_DCtx_setParameter(stream.get(), ZSTD_d_windowLogMax, kMaxWindowLog);
  }

  absl::Status Refill() {
    if (at_end || input.pos < input.size) return absl::OkStatus();
    CAIRN_ASSIGN_OR_RETURN(const std::string_view packed, more());
    at_end = packed.empty();
    input = {packed.data(), packed.size(), 0};
    return absl::OkStatus();
  }

  More more;
  std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> stream{ZSTD_createDStream(),
                                                                  ZSTD_freeDStream};
  ZSTD_inBuffer input{nullptr, 0, 0};
  bool at_end = false;
  bool frame_done = true;
};

FrameReader::FrameReader(More more) : impl_(std::make_unique<Impl>(std::move(more))) {}
FrameReader::~FrameReader() = default;
FrameReader::FrameReader(FrameReader&&) noexcept = default;
FrameReader& FrameReader::operator=(FrameReader&&) noexcept = default;

absl::StatusOr<size_t> FrameReader::Read(char* out, size_t capacity) {
  Impl& in = *impl_;
  if (in.stream == nullptr) {
    return Error(absl::StatusCode::kResourceExhausted, ErrorReason::TOO_LARGE,
                 "there is no memory to unpack zstd data")
        .ToStatus();
  }
  ZSTD_outBuffer output{out, capacity, 0};
  while (output.pos == 0) {
    CAIRN_RETURN_IF_ERROR(in.Refill());
    if (in.at_end && in.frame_done) return size_t{0};
    const size_t consumed = in.input.pos;
    const size_t left = ZSTD_decompressStream(in.stream.get(), &output, &in.input);
    if (ZSTD_isError(left) != 0) {
      return Damaged(fmt::format("the zstd data is damaged: {}", ZSTD_getErrorName(left)));
    }
    in.frame_done = left == 0;
    const bool stuck = output.pos == 0 && in.input.pos == consumed;
    if (in.at_end && stuck && !in.frame_done) return Damaged("the zstd data ends too early");
  }
  return output.pos;
}

std::optional<uint64_t> SizeOfFrame(std::string_view packed) {
  const size_t frame = ZSTD_findFrameCompressedSize(packed.data(), packed.size());
  if (ZSTD_isError(frame) != 0 || frame != packed.size()) return std::nullopt;
  const unsigned long long size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) return std::nullopt;
  return size;
}

absl::StatusOr<std::string> PackFrame(std::string_view text, int level) {
  const std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                                   ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string out(ZSTD_compressBound(text.size()), '\0');
  const size_t size =
      ZSTD_compress2(context.get(), out.data(), out.size(), text.data(), text.size());
  if (ZSTD_isError(size) != 0) {
    return Error(absl::StatusCode::kInternal, ErrorReason::INTERNAL_FAULT,
                 fmt::format("zstd: {}", ZSTD_getErrorName(size)))
        .ToStatus();
  }
  out.resize(size);
  return out;
}

}  // namespace cairn::zstd
