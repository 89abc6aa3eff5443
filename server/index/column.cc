#include "server/index/column.h"

#include <algorithm>
#include <cstring>

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
  chunks_[chunk] = std::make_unique<Words>();
  if (source != nullptr) std::copy_n(source, kChunkRows, chunks_[chunk]->data());
  return chunks_[chunk]->data();
}

size_t WordColumn::bytes() const {
  size_t bytes = chunks_.capacity() * sizeof(chunks_[0]);
  for (const auto& chunk : chunks_) bytes += chunk ? sizeof(Words) : 0;
  return bytes;
}

bool MetricColumn::Set(Row row, const std::array<uint64_t, 3>& words) {
  const size_t chunk = ChunkOf(row);
  bool changed = false;
  for (const Part part : {kMin, kMax}) {
    changed = changed || Get(part, row) != words[part];
    const bool own = parts_[part].Chunk(chunk) != nullptr;
    if (!own && words[part] == words[kLatest]) continue;
    if (!own) parts_[part].Materialize(chunk, parts_[kLatest].Chunk(chunk));
    parts_[part].Set(row, words[part]);
  }
  changed = changed || Get(kLatest, row) != words[kLatest];
  parts_[kLatest].Set(row, words[kLatest]);
  return changed;
}

size_t MetricColumn::bytes() const {
  return parts_[0].bytes() + parts_[1].bytes() + parts_[2].bytes();
}

uint32_t CodeColumn::Chunk::Get(size_t offset) const {
  if (width == 1) return bytes[offset];
  if (width == 2) return As<uint16_t>()[offset];
  return As<uint32_t>()[offset];
}

CodeColumn::Chunk& CodeColumn::Materialize(size_t chunk, int width) {
  if (chunk >= chunks_.size()) chunks_.resize(chunk + 1);
  chunks_[chunk] = NewChunk(width);
  return chunks_[chunk];
}

void CodeColumn::Set(Row row, uint32_t code) {
  const size_t index = ChunkOf(row);
  if (Find(index) == nullptr) {
    if (code == 0) return;
    if (index >= chunks_.size()) chunks_.resize(index + 1);
    chunks_[index] = NewChunk(WidthOf(code));
  }
  Chunk& chunk = chunks_[index];
  if (WidthOf(code) > chunk.width) {
    Chunk wider = NewChunk(WidthOf(code));
    for (size_t i = 0; i < kChunkRows; ++i) Put(wider, i, chunk.Get(i));
    chunk = std::move(wider);
  }
  Put(chunk, row % kChunkRows, code);
}

size_t CodeColumn::bytes() const {
  size_t bytes = chunks_.capacity() * sizeof(Chunk);
  for (const Chunk& chunk : chunks_) {
    bytes += chunk.bytes ? static_cast<size_t>(chunk.width) * kChunkRows : 0;
  }
  return bytes;
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
