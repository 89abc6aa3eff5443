#ifndef CAIRN_SERVER_ARTIFACTS_ENTRY_WALK_H_
#define CAIRN_SERVER_ARTIFACTS_ENTRY_WALK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "lib/base/digest.h"
#include "server/storage/kv_store.h"

namespace cairn::artifacts {

// What collections look at in a blob's entry, without copying its bytes.
struct EntryHead {
  Digest digest;
  storage::Revision revision = 0;
  int64_t pack = 0;  // 0 for a blob in its entry or put together of chunks
  int64_t data_offset = 0;
  bool quarantined = false;
  bool condemned = false;
  std::string_view chunk_sha256s;  // 32 bytes each; valid as long as the payload

  bool is_chunked() const { return !chunk_sha256s.empty(); }
};

// Reads the head of the entry `payload`; false when it is none. The digest's hash and the
// revision are not in it.
bool ParseEntryHead(std::string_view payload, EntryHead* head);

// Walks over the blobs' entries by key. Not thread-safe; must not outlive the snapshot.
//
//   for (EntryWalk walk(snapshot, after); walk.Valid(); walk.Next()) …
class EntryWalk {
 public:
  // Begins behind the key `after`; empty: at the first entry.
  EntryWalk(const storage::Snapshot& snapshot, std::string_view after);

  // False behind the last entry, and after an error, which status() tells.
  bool Valid() const { return cursor_->Valid(); }
  absl::Status status() const { return cursor_->status(); }
  void Next();

  // REQUIRES: Valid(). All are valid until the walk moves on.
  std::string_view key() const { return cursor_->key(); }
  std::string_view payload() const { return cursor_->record().payload; }
  // False for an entry that cannot be read: then only digest().sha256 is right.
  bool readable() const { return readable_; }
  const EntryHead& head() const { return head_; }

 private:
  void Load();

  std::unique_ptr<storage::Cursor> cursor_;
  EntryHead head_;
  bool readable_ = false;
};

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_ENTRY_WALK_H_
