#ifndef CAIRN_LIB_ZSTD_FRAMES_H_
#define CAIRN_LIB_ZSTD_FRAMES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cairn::zstd {

// The one place that calls libzstd; RocksDB packs its own blocks. The format is RFC 8878.

// Unpacks frames that follow each other, as their bytes come: what they hold reads as one. A frame
// whose window is above 128 MiB, which is what a reader has to keep, is refused as damaged; the
// checksum is verified where a frame has one. How much they unpack to is not bounded: whoever reads
// what strangers packed counts. Not thread-safe. Movable.
class FrameReader {
 public:
  // The next packed bytes, any number; empty at the end, and again after it. They are used until
  // the next call.
  using More = std::function<absl::StatusOr<std::string_view>()>;

  explicit FrameReader(More more);
  ~FrameReader();
  FrameReader(FrameReader&&) noexcept;
  FrameReader& operator=(FrameReader&&) noexcept;

  // Fills up to `capacity` (> 0) bytes and returns how many; 0 at the end, also of no frame at all.
  // After an error it must not be called again.
  //   DATA_LOSS (VALUE_INVALID)        the frames are damaged, or end too early
  //   RESOURCE_EXHAUSTED (TOO_LARGE)   there is no memory to unpack
  //   errors of `more`
  absl::StatusOr<size_t> Read(char* out, size_t capacity);

 private:
  struct Impl;  // hides libzstd's types
  std::unique_ptr<Impl> impl_;
};

// How many bytes the frame that `packed` is says it unpacks to: a claim, as long as it has not been
// unpacked. Nothing where it does not say, or where `packed` is not one whole frame. Looks at the
// heads of blocks only.
std::optional<uint64_t> SizeOfFrame(std::string_view packed);

// One frame of `text`, with its size and a checksum. `level` as libzstd has it, 1 (quick) to 22.
// Pure: the same bytes for the same version of the library. INTERNAL (INTERNAL_FAULT) when the
// library refuses.
absl::StatusOr<std::string> PackFrame(std::string_view text, int level);

}  // namespace cairn::zstd

#endif  // CAIRN_LIB_ZSTD_FRAMES_H_
