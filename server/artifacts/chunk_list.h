#ifndef CAIRN_SERVER_ARTIFACTS_CHUNK_LIST_H_
#define CAIRN_SERVER_ARTIFACTS_CHUNK_LIST_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/internal/storage.pb.h"
#include "lib/base/digest.h"

namespace cairn::artifacts {

// What a blob is put together of, in order. It stands in the blob's entry, and in a pack as
// well (docs/storage-format.md draws it), from which the entry can be made anew.
struct ChunkList {
  Digest digest;  // of the whole
  std::vector<Digest> chunks;
};

// The bytes of the list in a pack.
std::string EncodeChunkList(const ChunkList& list);

// The inverse; the hash of the whole is in the record's header. Nullopt for anything else
// than a whole list: another format, lengths that do not sum up to the whole, no chunk.
std::optional<ChunkList> ParseChunkList(const std::array<uint8_t, 32>& sha256,
                                        std::string_view bytes);

// What stands in the header of the record of a list of `count` chunks.
Digest ListRecordDigest(const Digest& whole, int64_t count);

// The entry of a blob that is put together; where its list stands in a pack is not in it yet.
internal::BlobEntryRecord ChunkedEntry(const ChunkList& list);

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_CHUNK_LIST_H_
