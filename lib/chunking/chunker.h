#ifndef CAIRN_LIB_CHUNKING_CHUNKER_H_
#define CAIRN_LIB_CHUNKING_CHUNKER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace cairn::chunking {

// How long chunks are, in bytes. Two sides share chunks only when they use the same
// values: a client takes those of GetServerInfo. Value type; copyable.
struct ChunkerParams {
  int64_t min_bytes = 32 << 10;       // >= 64; of every chunk but the last
  int64_t average_bytes = 128 << 10;  // >= 256; rounded down to a power of two for the masks
  int64_t max_bytes = 512 << 10;      // of every chunk; at most 1 GiB

  // INVALID_ARGUMENT (VALUE_INVALID) unless min <= average <= max and each is in its range.
  absl::Status Check() const;

  friend bool operator==(const ChunkerParams&, const ChunkerParams&) = default;
};

// Cuts bytes into chunks where their content says so, so that a byte inserted or removed
// changes the chunks around it and no others.
//
// The rule, FastCDC's with a Gear hash (docs/storage-format.md has test vectors): with
//   H(e) = sum over i from 0 to 63 of Gear(byte e-1-i) << i, modulo 2^64,
// a chunk that begins at s ends at the first e with e - s >= min_bytes and H(e) below a
// bound: 2^(62-k) while e - s < average_bytes, 2^(66-k) from there on, k being log2 of the
// average; at the latest where it is max_bytes long or the input ends. The two bounds are
// normalised chunking of level 2: lengths gather around the average. Whether a place may
// end a chunk depends on the 64 bytes before it alone, so that two inputs with the same
// bytes somewhere find their way back to the same boundaries.
//
// The bytes come in pieces of any length; how they are cut into pieces does not matter.
// About 2 GB/s on one core. Not thread-safe; copyable.
class Chunker {
 public:
  // REQUIRES: params.Check().ok()
  explicit Chunker(const ChunkerParams& params = {});

  // Looks for the end of the current chunk in `bytes`, the next ones of the input.
  // Returns how many of them still belong to it, at least one; the next call goes on with
  // the byte after those. nullopt when all of them do and the chunk goes on behind them:
  // the next call brings what follows. At the end of the input the chunk ends too, which
  // nobody needs to be told.
  std::optional<size_t> FindEnd(std::string_view bytes);

  // How many bytes of the current chunk FindEnd has seen.
  int64_t current_bytes() const { return size_; }

  // Begins a new input.
  void Reset();

 private:
  // The hash is needed from 64 bytes before the first place that may be an end.
  int64_t hash_from_;
  int64_t min_;
  int64_t average_;
  int64_t max_;
  uint64_t strict_bound_;
  uint64_t loose_bound_;
  int64_t size_ = 0;
  uint64_t hash_ = 0;
};

// The lengths of the chunks of `bytes`, in order; their sum is its length. Empty for no
// bytes. REQUIRES: params.Check().ok()
std::vector<int64_t> ChunkLengths(std::string_view bytes, const ChunkerParams& params = {});

}  // namespace cairn::chunking

#endif  // CAIRN_LIB_CHUNKING_CHUNKER_H_
