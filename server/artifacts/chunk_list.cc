#include "server/artifacts/chunk_list.h"

#include <algorithm>

#include "server/storage/key_codec.h"

namespace cairn::artifacts {
namespace {

constexpr char kListFormat = 1;
constexpr size_t kListHeadBytes = 1 + 8;    // format, size of the whole
constexpr size_t kListEntryBytes = 32 + 8;  // SHA-256 and size of a chunk

}  // namespace

std::string EncodeChunkList(const ChunkList& list) {
  std::string bytes(1, kListFormat);
  bytes.reserve(kListHeadBytes + kListEntryBytes * list.chunks.size());
  storage::AppendBigEndian64(&bytes, static_cast<uint64_t>(list.digest.size_bytes));
  for (const Digest& chunk : list.chunks) {
    bytes.append(chunk.sha256.begin(), chunk.sha256.end());
    storage::AppendBigEndian64(&bytes, static_cast<uint64_t>(chunk.size_bytes));
  }
  return bytes;
}

std::optional<ChunkList> ParseChunkList(const std::array<uint8_t, 32>& sha256,
                                        std::string_view bytes) {
  if (bytes.size() < kListHeadBytes + kListEntryBytes || bytes[0] != kListFormat ||
      (bytes.size() - kListHeadBytes) % kListEntryBytes != 0) {
    return std::nullopt;
  }
  ChunkList list;
  list.digest.sha256 = sha256;
  storage::KeyReader head(bytes.substr(1, 8));
  list.digest.size_bytes = static_cast<int64_t>(head.ReadBigEndian64().value_or(0));
  int64_t left = list.digest.size_bytes;
  for (bytes.remove_prefix(kListHeadBytes); !bytes.empty(); bytes.remove_prefix(kListEntryBytes)) {
    Digest& chunk = list.chunks.emplace_back();
    std::copy_n(bytes.begin(), chunk.sha256.size(), chunk.sha256.begin());
    storage::KeyReader size(bytes.substr(chunk.sha256.size(), 8));
    chunk.size_bytes = static_cast<int64_t>(size.ReadBigEndian64().value_or(0));
    // Compared by subtraction: a stored length may be anything.
    if (chunk.size_bytes <= 0 || chunk.size_bytes > left) return std::nullopt;
    left -= chunk.size_bytes;
  }
  return left == 0 ? std::optional<ChunkList>(std::move(list)) : std::nullopt;
}

Digest ListRecordDigest(const Digest& whole, int64_t count) {
  Digest digest = whole;
  digest.size_bytes =
      static_cast<int64_t>(kListHeadBytes) + static_cast<int64_t>(kListEntryBytes) * count;
  return digest;
}

internal::BlobEntryRecord ChunkedEntry(const ChunkList& list) {
  internal::BlobEntryRecord entry;
  entry.set_size_bytes(list.digest.size_bytes);
  for (const Digest& chunk : list.chunks) {
    entry.mutable_chunk_sha256s()->append(chunk.sha256.begin(), chunk.sha256.end());
    entry.add_chunk_sizes(chunk.size_bytes);
  }
  return entry;
}

}  // namespace cairn::artifacts
