// Any bytes and parameters: the chunker finds the boundaries of the slow reference, however
// the bytes are cut into pieces.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "lib/chunking/chunker.h"
#include "tests/unit/chunking/reference_chunker.h"

namespace {

using cairn::chunking::Chunker;
using cairn::chunking::ChunkerParams;

void Require(bool holds) {
  if (!holds) std::abort();
}

std::vector<int64_t> LengthsOfPieces(std::string_view bytes, size_t piece_bytes,
                                     const ChunkerParams& params) {
  std::vector<int64_t> lengths;
  Chunker chunker(params);
  int64_t length = 0;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, piece_bytes);
    const auto end = chunker.FindEnd(piece);
    Require(!end || (*end >= 1 && *end <= piece.size()));
    const size_t taken = end.value_or(piece.size());
    length += static_cast<int64_t>(taken);
    bytes.remove_prefix(taken);
    if (!end) continue;
    lengths.push_back(length);
    length = 0;
  }
  if (length > 0) lengths.push_back(length);
  return lengths;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 8) return 0;
  const auto number = [data](int at) { return int64_t{data[at]} << 8 | data[at + 1]; };
  ChunkerParams params;
  params.min_bytes = 64 + number(0) % 512;
  params.average_bytes = std::max<int64_t>(256, params.min_bytes + number(2) % 1024);
  params.max_bytes = params.average_bytes + number(4) % 2048;
  Require(params.Check().ok());
  const size_t piece_bytes = 1 + static_cast<size_t>(number(6)) % 700;

  // Inputs are short: each byte stands for a run, so that chunks of every length occur.
  std::vector<char> long_bytes;
  for (size_t i = 8; i < size; ++i) {
    const size_t run = 1 + data[i] % 17;
    for (size_t j = 0; j < run; ++j) long_bytes.push_back(static_cast<char>(data[i] * (j + 1)));
  }
  const std::string_view bytes(long_bytes.data(), long_bytes.size());
  const auto expected = cairn::chunking::ReferenceChunkLengths(bytes, params);
  Require(cairn::chunking::ChunkLengths(bytes, params) == expected);
  Require(LengthsOfPieces(bytes, piece_bytes, params) == expected);
  return 0;
}
