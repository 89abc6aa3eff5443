#ifndef CAIRN_SERVER_INDEX_COLUMN_H_
#define CAIRN_SERVER_INDEX_COLUMN_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
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
  // 0 clears. A chunk whose words are all cleared keeps its memory.
  void Set(Row row, uint64_t word);

  // The words of a chunk; null if there are none.
  const uint64_t* Chunk(size_t chunk) const {
    return chunk < chunks_.size() && chunks_[chunk] ? chunks_[chunk]->data() : nullptr;
  }

  // Chunks from this one on hold nothing.
  size_t chunk_count() const { return chunks_.size(); }

  // Gives a chunk memory, filled with `source`, or with 0 if that is null, and returns
  // it. What the chunk had is lost.
  uint64_t* Materialize(size_t chunk, const uint64_t* source);

  // Memory in bytes. O(1), as in all columns: it is asked after every change.
  size_t bytes() const { return chunks_.capacity() * sizeof(chunks_[0]) + filled_ * sizeof(Words); }

 private:
  std::vector<std::unique_ptr<Words>> chunks_;
  size_t filled_ = 0;  // chunks that have memory
};

// A row that has a word.
struct RowWord {
  Row row = 0;
  uint64_t word = 0;
};

// The words of a chunk: of all its rows, or of those that have one. At most one of the
// two is there; neither means that no row of the chunk has a word. Valid until the
// column changes.
struct ChunkWords {
  const uint64_t* all = nullptr;  // kChunkRows of them; null: the rest counts
  const RowWord* few_begin = nullptr;
  const RowWord* few_end = nullptr;
};

// As a WordColumn, but in chunks where few rows have a word only those take memory, so
// that a column which hardly any row has costs next to nothing.
//
// Setting a word is quick in a chunk that is kept whole and behind the last of the
// others. Elsewhere it moves all words behind it; that is rare, as rows mostly come in
// order.
class SparseColumn {
 public:
  uint64_t Get(Row row) const {
    const uint64_t* words = dense_.Chunk(ChunkOf(row));
    if (words != nullptr) return words[row % kChunkRows];
    return few_.empty() ? 0 : GetFew(row);
  }
  // 0 clears.
  void Set(Row row, uint64_t word);

  // Whether anything is kept of a chunk, and what.
  bool Has(size_t chunk) const;
  ChunkWords Chunk(size_t chunk) const;

  // Gives an empty chunk the words that it has in `other`. REQUIRES: nothing is kept of
  // the chunk here, and `other` is another column.
  void CopyChunk(size_t chunk, const SparseColumn& other);

  // As it is stored, for copying columns as they are: the chunks that are kept whole,
  // and the words of all others, by row.
  const WordColumn& dense() const { return dense_; }
  WordColumn& dense() { return dense_; }
  const std::vector<RowWord>& few() const { return few_; }
  // False, changing nothing, if these are not words by row of other chunks than dense()'s.
  bool RestoreFew(std::vector<RowWord> few);

  // How many rows have a word. Counts them.
  size_t CountRows() const;
  size_t bytes() const { return dense_.bytes() + few_.capacity() * sizeof(RowWord); }

  // With more words than this a chunk is kept whole, which takes sixteen times as much.
  static constexpr size_t kMostFew = 128;

 private:
  // The first entry of few_ at or behind the row. O(log n).
  std::vector<RowWord>::const_iterator FirstFrom(Row row) const;
  uint64_t GetFew(Row row) const;
  void SetFew(Row row, uint64_t word);
  // Moves the words of a chunk from few_ to dense_. There is no way back.
  void MakeDense(size_t chunk);

  WordColumn dense_;
  std::vector<RowWord> few_;  // by row; of chunks that dense_ lacks; none is 0
};

// The three values of a metric that can be searched. Smallest and greatest value take
// memory only in chunks where one differs from the latest. A metric that was logged
// once in every run, as most final scores are, so takes one column and not three.
class MetricColumn {
 public:
  enum Part { kLatest = 0, kMin = 1, kMax = 2 };

  // 0 if the run does not have the metric.
  uint64_t Get(Part part, Row row) const { return Of(part, ChunkOf(row)).Get(row); }
  ChunkWords Chunk(Part part, size_t chunk) const { return Of(part, chunk).Chunk(chunk); }
  // Sets all three; true if one of them changed. `words` by Part. Three zeros clear the
  // row.
  bool Set(Row row, const std::array<uint64_t, 3>& words);

  // One of the three as it is stored, for copying columns as they are; CountRows after
  // writing them.
  const SparseColumn& part(Part part) const { return parts_[part]; }
  SparseColumn& part(Part part) { return parts_[part]; }
  void CountRows() { rows_ = parts_[kLatest].CountRows(); }

  // How many rows have the metric.
  size_t rows() const { return rows_; }
  size_t bytes() const { return parts_[0].bytes() + parts_[1].bytes() + parts_[2].bytes(); }

 private:
  // The column that holds a part of a chunk: its own, or the latest where they are the
  // same.
  const SparseColumn& Of(Part part, size_t chunk) const {
    return part == kLatest || parts_[part].Has(chunk) ? parts_[part] : parts_[kLatest];
  }

  std::array<SparseColumn, 3> parts_;
  size_t rows_ = 0;  // with a latest value
};

// One dictionary code a row, 0 for none, in one, two or four bytes: as many as the
// largest code of its chunk needs. A state with a dozen names so costs one byte a run.
// A chunk gets wider when a greater code comes and never narrower again.
class CodeColumn {
 public:
  // One width for all its codes, so that a scan of it has no branch.
  struct Chunk {
    int width = 1;  // bytes a code
    std::unique_ptr<uint8_t[]> bytes;

    // The codes as an array of kChunkRows. REQUIRES: sizeof(Code) is `width`.
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
  // Widens the chunk if the code does not fit, which copies it: at most twice.
  void Set(Row row, uint32_t code);

  // Chunks from this one on hold nothing.
  size_t chunk_count() const { return chunks_.size(); }

  // Gives a chunk memory for codes of `width` bytes (1, 2 or 4), all 0.
  Chunk& Materialize(size_t chunk, int width);

  // The codes of a chunk; null if there are none.
  const Chunk* Find(size_t chunk) const {
    return chunk < chunks_.size() && chunks_[chunk].bytes ? &chunks_[chunk] : nullptr;
  }

  size_t bytes() const { return chunks_.capacity() * sizeof(Chunk) + code_bytes_; }

 private:
  std::vector<Chunk> chunks_;
  // What all chunks take. Kept, so that bytes() need not add them up.
  size_t code_bytes_ = 0;
};

// A text a row, each distinct one stored once. A code in `codes` has one use in
// `dictionary` for each row that has it; change both through Set only.
struct TextColumn {
  // `numeric`: texts that read as numbers sort as numbers (parameters, tags). All other
  // columns of texts sort by bytes.
  explicit TextColumn(bool numeric) : dictionary(numeric) {}

  // Sets or, with 0 for `present`, clears the text; true if it changed.
  bool Set(Row row, bool present, std::string_view text);

  // How many rows have a text.
  size_t rows() const { return dictionary.all_uses(); }
  size_t bytes() const { return dictionary.bytes() + codes.bytes(); }

  Dictionary dictionary;
  CodeColumn codes;
};

// What a column by key takes that holds nothing yet: itself, its key, and its place in
// a map, which is the pointer, what the map keeps to find it, and the heap's own share
// in the three blocks of memory. An estimate: it keeps millions of tiny columns from
// going uncounted.
template <typename Column>
size_t OwnBytes(std::string_view key) {
  constexpr size_t kPlaceBytes = 64;
  return sizeof(Column) + sizeof(std::string) + key.size() + kPlaceBytes;
}

// The part of a column that is long texts.
inline size_t LongTextBytes(const TextColumn& column) {
  return column.dictionary.long_text_bytes();
}
inline size_t LongTextBytes(const MetricColumn&) { return 0; }

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_COLUMN_H_
