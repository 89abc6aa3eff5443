#ifndef CAIRN_SERVER_METRICS_BLOCK_CODEC_H_
#define CAIRN_SERVER_METRICS_BLOCK_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/metrics/int_codec.h"
#include "server/metrics/points.h"
#include "server/metrics/value_codec.h"

namespace cairn::metrics {

// A block: up to kBlockPoints points of one series, sorted and without
// duplicates, compressed column by column. Little-endian:
//
//   format (1)  value codec (1)  count (2)  step bytes (2)  time bytes (2)
//   crc32c (4)  first step (8)  last step (8)
//   steps (integer column)  times (integer column)  values (the rest)
//
// The checksum covers every other byte of the block. docs/storage-format.md
// has the vectors, which tests/unit/metrics/block_codec_test.cc checks. Pure
// functions; safe to call from any thread.
inline constexpr size_t kBlockPoints = kMaxColumn;
inline constexpr uint8_t kBlockFormat = 1;
inline constexpr size_t kBlockHeaderBytes = 28;

// What a block says of itself before anything is decompressed.
struct BlockHeader {
  ValueCodec codec = ValueCodec::kConstant;
  size_t count = 0;
  size_t step_bytes = 0;
  size_t time_bytes = 0;
  int64_t first_step = 0;
  int64_t last_step = 0;
};

// The points `from` (inclusive) to `to` (exclusive) of sorted `points` without
// duplicates, 1 to kBlockPoints of them, as a block.
std::string EncodeBlock(const PointColumns& points, size_t from, size_t to);

// Checks the checksum and the header.
// DATA_LOSS (RECORD_CORRUPT) when `bytes` is not a block of this format.
absl::StatusOr<BlockHeader> ReadBlockHeader(std::string_view bytes);

// Appends the block's points to `out`; `out` is unchanged on an error.
// DATA_LOSS (RECORD_CORRUPT) when `bytes` is not a whole, undamaged block whose
// points are sorted, without duplicates, and within the steps it names. Reads
// nothing outside `bytes` and allocates nothing that depends on their content
// but room for kBlockPoints points.
absl::Status DecodeBlock(std::string_view bytes, PointColumns& out);

// The checksum that belongs into `bytes`, which has at least a whole header;
// for tests and fuzzing, which damage blocks and seal them again.
uint32_t BlockChecksum(std::string_view bytes);
void SealBlock(std::string& bytes);

}  // namespace cairn::metrics

#endif  // CAIRN_SERVER_METRICS_BLOCK_CODEC_H_
