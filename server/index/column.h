#ifndef CAIRN_SERVER_INDEX_COLUMN_H_
#define CAIRN_SERVER_INDEX_COLUMN_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "server/index/bitmap.h"
#include "server/index/dictionary.h"

namespace cairn::index {

// Columns of values by row. None is thread-safe: RunIndex guards them.

// One 64-bit word a row; 0 means that the run has no value. Words are ordered as
// the values they stand for (words.h). A chunk without values takes no memory.
class WordColumn {
 public:
  using Words = std::array<uint64_t, kChunkRows>;

  uint64_t Get(Row row) const {
    const uint64_t* words = Chunk(ChunkOf(row));
    return words == nullptr ? 0 : words[row % kChunkRows];
  }
  void Set(Row row, uint64_t word);

  // The words of a chunk; null if there are none.
  const uint64_t* Chunk(size_t chunk) const {
    return chunk < chunks_.size() && chunks_[chunk] ? chunks_[chunk]->data() : nullptr;
  }

  // Chunks from this one on hold nothing.
  size_t chunk_count() const { return chunks_.size(); }

  // Gives a chunk memory, filled with `source`, or with 0 if that is null, and
  // returns it.
  uint64_t* Materialize(size_t chunk, const uint64_t* source);

  size_t bytes() const;

 private:
  std::vector<std::unique_ptr<Words>> chunks_;
};

// The three values of a metric that can be searched. Smallest and greatest value
// take memory only in chunks where one differs from the latest.
class MetricColumn {
 public:
  enum Part { kLatest = 0, kMin = 1, kMax = 2 };

  uint64_t Get(Part part, Row row) const {
    const uint64_t* words = Chunk(part, ChunkOf(row));
    return words == nullptr ? 0 : words[row % kChunkRows];
  }
  const uint64_t* Chunk(Part part, size_t chunk) const {
    const uint64_t* words = parts_[part].Chunk(chunk);
    return words != nullptr || part == kLatest ? words : parts_[kLatest].Chunk(chunk);
  }
  // Sets all three; true if one of them changed.
  bool Set(Row row, const std::array<uint64_t, 3>& words);

  // One of the three as it is stored, for copying columns as they are.
  const WordColumn& part(Part part) const { return parts_[part]; }
  WordColumn& part(Part part) { return parts_[part]; }

  size_t bytes() const;

 private:
  std::array<WordColumn, 3> parts_;
};

// One dictionary code a row, 0 for none, in one, two or four bytes: as many as
// the largest code of its chunk needs.
class CodeColumn {
 public:
  struct Chunk {
    int width = 1;  // bytes a code
    std::unique_ptr<uint8_t[]> bytes;

    template <typename Code>
    const Code* As() const {
      return reinterpret_cast<const Code*>(bytes.get());
    }
    uint32_t Get(size_t offset) const;
  };

  uint32_t Get(Row row) const {
    const Chunk* chunk = Find(ChunkOf(row));
    return chunk == nullptr ? 0 : chunk->Get(row % kChunkRows);
  }
  void Set(Row row, uint32_t code);

  // Chunks from this one on hold nothing.
  size_t chunk_count() const { return chunks_.size(); }

  // Gives a chunk memory for codes of `width` bytes (1, 2 or 4), all 0.
  Chunk& Materialize(size_t chunk, int width);

  // The codes of a chunk; null if there are none.
  const Chunk* Find(size_t chunk) const {
    return chunk < chunks_.size() && chunks_[chunk].bytes ? &chunks_[chunk] : nullptr;
  }

  size_t bytes() const;

 private:
  std::vector<Chunk> chunks_;
};

// A text a row, each distinct one stored once.
struct TextColumn {
  // `numeric`: texts that read as numbers sort as numbers (parameters, tags).
  explicit TextColumn(bool numeric) : dictionary(numeric) {}

  // Sets or, with 0 for `present`, clears the text; true if it changed.
  bool Set(Row row, bool present, std::string_view text);

  size_t bytes() const { return dictionary.bytes() + codes.bytes(); }

  Dictionary dictionary;
  CodeColumn codes;
};

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_COLUMN_H_
