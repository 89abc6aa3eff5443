#include "server/index/column.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace cairn::index {
namespace {

int WidthOf(uint32_t code) { return code <= 0xff ? 1 : code <= 0xffff ? 2 : 4; }

void Put(CodeColumn::Chunk& chunk, size_t offset, uint32_t code) {
  uint8_t* at = chunk.bytes.get() + offset * static_cast<size_t>(chunk.width);
  const auto narrow = static_cast<uint16_t>(code);
  if (chunk.width == 1) {
    *at = static_cast<uint8_t>(code);
  } else if (chunk.width == 2) {
    std::memcpy(at, &narrow, sizeof(narrow));
  } else {
    std::memcpy(at, &code, sizeof(code));
  }
}

CodeColumn::Chunk NewChunk(int width) {
  return {width, std::make_unique<uint8_t[]>(static_cast<size_t>(width) * kChunkRows)};
}

size_t BytesOf(const CodeColumn::Chunk& chunk) {
  return static_cast<size_t>(chunk.width) * kChunkRows;
}

}  // namespace

void WordColumn::Set(Row row, uint64_t word) {
  const size_t chunk = ChunkOf(row);
  if (Chunk(chunk) == nullptr) {
    if (word == 0) return;
    Materialize(chunk, nullptr);
  }
  (*chunks_[chunk])[row % kChunkRows] = word;
}

uint64_t* WordColumn::Materialize(size_t chunk, const uint64_t* source) {
  if (chunk >= chunks_.size()) chunks_.resize(chunk + 1);
  if (!chunks_[chunk]) ++filled_;
  chunks_[chunk] = std::make_unique<Words>();
  if (source != nullptr) std::copy_n(source, kChunkRows, chunks_[chunk]->data());
  return chunks_[chunk]->data();
}

std::vector<RowWord>::const_iterator SparseColumn::FirstFrom(Row row) const {
  // Rows mostly come in order.
  if (few_.empty() || few_.back().row < row) return few_.end();
  return std::lower_bound(few_.begin(), few_.end(), row,
                          [](const RowWord& entry, Row at) { return entry.row < at; });
}

uint64_t SparseColumn::GetFew(Row row) const {
  const auto found = FirstFrom(row);
  return found == few_.end() || found->row != row ? 0 : found->word;
}

void SparseColumn::Set(Row row, uint64_t word) {
  dense_.Chunk(ChunkOf(row)) == nullptr ? SetFew(row, word) : dense_.Set(row, word);
}

void SparseColumn::SetFew(Row row, uint64_t word) {
  const auto at = few_.begin() + (FirstFrom(row) - few_.begin());
  if (at != few_.end() && at->row == row) {
    word == 0 ? (void)few_.erase(at) : (void)(at->word = word);
    return;
  }
  if (word == 0) return;
  few_.insert(at, {row, word});
  const ChunkWords chunk = Chunk(ChunkOf(row));
  if (static_cast<size_t>(chunk.few_end - chunk.few_begin) > kMostFew) MakeDense(ChunkOf(row));
}

void SparseColumn::MakeDense(size_t chunk) {
  const ChunkWords words = Chunk(chunk);
  uint64_t* all = dense_.Materialize(chunk, nullptr);
  for (const RowWord* entry = words.few_begin; entry != words.few_end; ++entry) {
    all[entry->row % kChunkRows] = entry->word;
  }
  few_.erase(few_.begin() + (words.few_begin - few_.data()),
             few_.begin() + (words.few_end - few_.data()));
  if (few_.empty()) few_ = {};
}

bool SparseColumn::Has(size_t chunk) const {
  if (dense_.Chunk(chunk) != nullptr) return true;
  const auto first = FirstFrom(static_cast<Row>(chunk * kChunkRows));
  return first != few_.end() && ChunkOf(first->row) == chunk;
}

ChunkWords SparseColumn::Chunk(size_t chunk) const {
  ChunkWords words;
  words.all = dense_.Chunk(chunk);
  if (words.all != nullptr || few_.empty()) return words;
  const auto first = static_cast<Row>(chunk * kChunkRows);
  words.few_begin = few_.data() + (FirstFrom(first) - few_.begin());
  words.few_end = few_.data() + (FirstFrom(first + kChunkRows) - few_.begin());
  return words;
}

void SparseColumn::CopyChunk(size_t chunk, const SparseColumn& other) {
  const ChunkWords words = other.Chunk(chunk);
  if (words.all != nullptr) {
    dense_.Materialize(chunk, words.all);
  } else {
    few_.insert(FirstFrom(static_cast<Row>(chunk * kChunkRows)), words.few_begin, words.few_end);
  }
}

bool SparseColumn::RestoreFew(std::vector<RowWord> few) {
  for (size_t i = 0; i < few.size(); ++i) {
    const bool ascends = i == 0 || few[i - 1].row < few[i].row;
    if (!ascends || few[i].word == 0 || dense_.Chunk(ChunkOf(few[i].row)) != nullptr) return false;
  }
  few_ = std::move(few);
  return true;
}

size_t SparseColumn::CountRows() const {
  size_t rows = few_.size();
  for (size_t chunk = 0; chunk < dense_.chunk_count(); ++chunk) {
    const uint64_t* words = dense_.Chunk(chunk);
    if (words == nullptr) continue;
    rows += kChunkRows - static_cast<size_t>(std::count(words, words + kChunkRows, uint64_t{0}));
  }
  return rows;
}

bool MetricColumn::Set(Row row, const std::array<uint64_t, 3>& words) {
  const std::array<uint64_t, 3> old = {Get(kLatest, row), Get(kMin, row), Get(kMax, row)};
  if (old == words) return false;
  const size_t chunk = ChunkOf(row);
  for (const Part part : {kMin, kMax}) {
    const bool own = parts_[part].Has(chunk);
    if (!own && words[part] == words[kLatest]) continue;
    if (!own) parts_[part].CopyChunk(chunk, parts_[kLatest]);
    parts_[part].Set(row, words[part]);
  }
  parts_[kLatest].Set(row, words[kLatest]);
  rows_ += (words[kLatest] != 0 ? 1 : 0);
  rows_ -= (old[kLatest] != 0 ? 1 : 0);
  return true;
}

uint32_t CodeColumn::Chunk::Get(size_t offset) const {
  if (width == 1) return bytes[offset];
  if (width == 2) return As<uint16_t>()[offset];
  return As<uint32_t>()[offset];
}

CodeColumn::Chunk& CodeColumn::Materialize(size_t chunk, int width) {
  if (chunk >= chunks_.size()) chunks_.resize(chunk + 1);
  if (chunks_[chunk].bytes) code_bytes_ -= BytesOf(chunks_[chunk]);
  chunks_[chunk] = NewChunk(width);
  code_bytes_ += BytesOf(chunks_[chunk]);
  return chunks_[chunk];
}

void CodeColumn::Set(Row row, uint32_t code) {
  const size_t index = ChunkOf(row);
  if (Find(index) == nullptr) {
    if (code == 0) return;
    Materialize(index, WidthOf(code));
  }
  Chunk& chunk = chunks_[index];
  if (WidthOf(code) > chunk.width) {
    Chunk wider = NewChunk(WidthOf(code));
    for (size_t i = 0; i < kChunkRows; ++i) Put(wider, i, chunk.Get(i));
    code_bytes_ += BytesOf(wider) - BytesOf(chunk);
    chunk = std::move(wider);
  }
  Put(chunk, row % kChunkRows, code);
}

bool TextColumn::Set(Row row, bool present, std::string_view text) {
  const uint32_t old = codes.Get(row);
  if (old == 0 && !present) return false;
  if (old != 0 && present && dictionary.text(old) == text) return false;
  codes.Set(row, present ? dictionary.Acquire(text) : 0);
  if (old != 0) dictionary.Release(old);
  return true;
}

}  // namespace cairn::index
