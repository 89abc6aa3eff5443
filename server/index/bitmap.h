#ifndef CAIRN_SERVER_INDEX_BITMAP_H_
#define CAIRN_SERVER_INDEX_BITMAP_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cairn::index {

// A run's place in every column. Dense from 0; the row of a purged run is given
// to a later one.
using Row = uint32_t;

// Columns and bitmaps are cut into chunks of this many rows: a column without a
// value in a chunk stores nothing for it, and conditions are evaluated a chunk at
// a time, so that what one evaluation touches stays in the processor's cache.
inline constexpr Row kChunkRows = 4096;
// 64 words of 64 rows each.
inline constexpr size_t kMaskWords = kChunkRows / 64;

// One bit for each row of a chunk; the lowest bit of the first word is its first row.
using Mask = std::array<uint64_t, kMaskWords>;

// The chunk that holds the row. The bit of a row in its chunk's Mask is row %
// kChunkRows.
inline size_t ChunkOf(Row row) { return row / kChunkRows; }
// How many chunks hold `rows` rows.
inline size_t ChunksFor(size_t rows) { return (rows + kChunkRows - 1) / kChunkRows; }

// std::popcount is a call into a table where the build may not count on the
// instruction; this is not. Sums the bits of each word in parallel fields of two, four
// and eight bits.
inline size_t CountBits(const Mask& mask) {
  size_t count = 0;
  for (uint64_t word : mask) {
    word -= word >> 1 & 0x5555'5555'5555'5555;
    word = (word & 0x3333'3333'3333'3333) + (word >> 2 & 0x3333'3333'3333'3333);
    word = (word + (word >> 4)) & 0x0f0f'0f0f'0f0f'0f0f;
    count += word * 0x0101'0101'0101'0101 >> 56;
  }
  return count;
}

// Calls `visit(offset in the chunk)` for each set bit, ascending.
template <typename Visit>
void ForEachBit(const Mask& mask, Visit&& visit) {
  for (size_t i = 0; i < kMaskWords; ++i) {
    for (uint64_t word = mask[i]; word != 0; word &= word - 1) {
      visit(static_cast<Row>(i * 64 + static_cast<size_t>(std::countr_zero(word))));
    }
  }
}

// A set of rows, one plain bit each: 125 KB for a million. It grows by whole chunks;
// rows beyond its end are not in it. Value type; not thread-safe. Copies are deep, so a
// bitmap that is shared between threads is held by a pointer to const and never
// changed: see BitmapCache.
class Bitmap {
 public:
  Bitmap() = default;
  // Room for `rows` rows, none of them in the set.
  explicit Bitmap(size_t rows) : chunks_(ChunksFor(rows)) {}

  // False for a row that lies beyond the end.
  bool Get(Row row) const {
    const size_t chunk = ChunkOf(row);
    return chunk < chunks_.size() && ((chunks_[chunk][WordOf(row)] >> (row % 64)) & 1) != 0;
  }

  // Grows the set as far as the row's chunk, also when `value` is false.
  void Set(Row row, bool value) {
    const size_t chunk = ChunkOf(row);
    if (chunk >= chunks_.size()) chunks_.resize(chunk + 1);
    uint64_t& word = chunks_[chunk][WordOf(row)];
    const uint64_t bit = uint64_t{1} << (row % 64);
    word = value ? word | bit : word & ~bit;
  }

  // The bits of a chunk; null beyond the end. Pointers stay valid until the bitmap
  // grows.
  const Mask* Chunk(size_t chunk) const {
    return chunk < chunks_.size() ? &chunks_[chunk] : nullptr;
  }

  // Replaces the bits of a chunk.
  void SetChunk(size_t chunk, const Mask& mask) {
    if (chunk >= chunks_.size()) chunks_.resize(chunk + 1);
    chunks_[chunk] = mask;
  }

  // Chunks from this one on hold nothing.
  size_t chunk_count() const { return chunks_.size(); }

  // How many rows are in the set. Goes over all of it: about 16,000 words for a million
  // rows.
  size_t Count() const {
    size_t count = 0;
    for (const Mask& mask : chunks_) count += CountBits(mask);
    return count;
  }

  // Memory on the heap, in bytes, with what is reserved and not used.
  size_t bytes() const { return chunks_.capacity() * sizeof(Mask); }

 private:
  // Which word of its chunk's mask holds the row's bit.
  static size_t WordOf(Row row) { return row % kChunkRows / 64; }

  std::vector<Mask> chunks_;
};

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_BITMAP_H_
