#ifndef CAIRN_SERVER_STORAGE_KEY_H_
#define CAIRN_SERVER_STORAGE_KEY_H_

#include <compare>
#include <cstdint>
#include <string>
#include <utility>

namespace cairn::storage {

// A point in the store's one linear history, from 1. Larger is later; equal means
// written by the same commit. A revision is given to each accepted write set, so there
// are no gaps; 0 stands for a store without commits, or a key that is absent.
using Revision = int64_t;

// The column families. The numbers are used in documents and tests only; the
// names are on disk for ever (docs/storage-format.md).
enum class Family : uint8_t {
  kMeta = 0,     // format version, counters, collection revisions
  kRecord = 1,   // resources
  kIndex = 2,    // keys that lead from one ordering or name to a resource
  kMetric = 3,   // metric column batches and blocks
  kEvent = 4,    // the event log; written by the committer only
  kBlob = 5,     // small blobs inline, the index of packs, uploads
  kRequest = 6,  // answers kept for idempotency
};
inline constexpr int kFamilyCount = 7;

// A family and the encoded bytes in it. Made by keyspace.h only. Value type. Compared
// by family and then by bytes, which is the order of scans in a family. Families have
// key spaces of their own: equal bytes in two of them are two keys.
struct Key {
  Family family = Family::kMeta;
  std::string bytes;

  friend auto operator<=>(const Key&, const Key&) = default;
};

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_KEY_H_
