#ifndef CAIRN_SERVER_STORAGE_AUDIT_CHAIN_H_
#define CAIRN_SERVER_STORAGE_AUDIT_CHAIN_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/storage/kv_store.h"
#include "server/storage/write_set.h"

namespace cairn::storage {

// The audit's one chain, as the committer writes it: every change of production of the whole store
// is an entry, and the hash of each covers the one before (lib/base/hash_chain.h). What is hashed
// are the stored bytes of an AuditEntryRecord; nothing serialises them again.
//
// The committer is the only one to write AuditEntryKey, AuditByResourceKey and AuditEndKey, one
// commit after the other. Planners only say what changed (WriteSet::Audit), so two of them never
// conflict for a place in the chain. Pure; thread-safe.

// A larger image stands beside its entry, under KeptValueKey. An entry with an image fits a part of
// a stream.
inline constexpr size_t kMaxAuditImageBytes = size_t{48} << 10;

// Where a chain ends: the newest entry and its hash.
struct AuditEnd {
  int64_t sequence = 0;
  std::string sha256;  // 32 bytes; empty before the first entry
};

// AuditEndKey's payload, and back. DATA_LOSS (AUDIT_CHAIN_BROKEN) for other bytes: nothing is
// chained to them.
std::string SerializeAuditEnd(const AuditEnd& end);
absl::StatusOr<AuditEnd> ParseAuditEnd(std::string_view payload);

// Reads where the chain ends at `snapshot`. DATA_LOSS (AUDIT_CHAIN_BROKEN).
absl::StatusOr<AuditEnd> ReadAuditEnd(const Snapshot& snapshot);

// An entry with its place.
struct ChainedEntry {
  std::string link;          // AuditEntryKey's payload: an AuditLinkRecord
  std::string value_sha256;  // in hexadecimal; empty without an image
  bool is_large = false;     // the image is not in the link
};

// Chains `note` behind `end`, and moves `end` to it.
ChainedEntry ChainEntry(const AuditNote& note, const std::string& principal, Revision revision,
                        int64_t unix_nanos, AuditEnd& end);

// Whether the committer alone writes the key.
bool IsAuditChainKey(const Key& key);

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_AUDIT_CHAIN_H_
