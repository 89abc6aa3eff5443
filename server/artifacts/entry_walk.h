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

// A hash in a list of them.
inline constexpr size_t kSha256Bytes = 32;

// What collections look at in a blob's entry, without copying its bytes.
struct EntryHead {
  Digest digest;
  storage::Revision revision = 0;
  // Where its bytes are, or its list if it is put together of chunks; 0: in the entry only.
  int64_t pack = 0;
  int64_t data_offset = 0;
  bool quarantined = false;
  bool condemned = false;
  std::string_view chunk_sha256s;  // kSha256Bytes each; valid as long as the payload

  bool is_chunked() const { return !chunk_sha256s.empty(); }
  int64_t chunk_count() const { return static_cast<int64_t>(chunk_sha256s.size() / kSha256Bytes); }
};

// Reads the head of the entry `payload`; false when it is none. The digest's hash and the
// revision are not in it.
bool ParseEntryHead(std::string_view payload, EntryHead* head);

// Walks over the blobs' entries by key. Not thread-safe; must not outlive the snapshot.
//
//   for (EntryWalk walk(snapshot, after); walk.Valid(); walk.Next()) …
class EntryWalk {
 public:
  // What happens where the store cannot read the index.
  enum class AtDamage {
    kStop,      // the walk ends there with an error
    kStepOver,  // it says what is lost and goes on behind
  };

  // Begins behind the key `after`; empty: at the first entry.
  EntryWalk(const storage::Snapshot& snapshot, std::string_view after,
            AtDamage at_damage = AtDamage::kStop);

  // False behind the last entry, and after an error, which status() tells.
  bool Valid() const { return lost_ != Lost::kNothing || cursor_->Valid(); }
  absl::Status status() const { return status_; }
  void Next();

  // REQUIRES: Valid(). All are valid until the walk moves on. A key that lies behind what is
  // lost stands for that.
  std::string_view key() const {
    return lost_ == Lost::kNothing ? cursor_->key() : std::string_view(lost_key_);
  }
  std::string_view payload() const {
    return lost_ == Lost::kNothing ? cursor_->record().payload : std::string_view();
  }
  // False for an entry that cannot be read: then only digest().sha256 is right.
  bool readable() const { return readable_; }
  // True for a record whose key is all that is known: neither commits nor reads get it.
  bool is_lost() const { return lost_ != Lost::kNothing; }
  // True for a part of the index that cannot be read at all; how many entries stood there is not
  // known. Those whose hashes begin with numbers above gap_begin() and below gap_end(), both
  // of 64 bits.
  bool is_gap() const { return lost_ == Lost::kRange; }
  uint64_t gap_begin() const { return last_; }
  uint64_t gap_end() const { return gap_end_; }
  const EntryHead& head() const { return head_; }

 private:
  enum class Lost { kNothing, kRecord, kRange };

  void SeekBehind(std::string_view after);
  void Load();
  bool StepOver();
  bool CanSeek(uint64_t name) const;
  uint64_t EndOfGap() const;

  const storage::Snapshot& snapshot_;
  const AtDamage at_damage_;
  std::unique_ptr<storage::Cursor> cursor_;
  absl::Status status_;
  EntryHead head_;
  bool readable_ = false;
  Lost lost_ = Lost::kNothing;
  std::string lost_key_;
  uint64_t last_ = 0;  // how the hash began that was passed last
  uint64_t gap_end_ = 0;
};

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_ENTRY_WALK_H_
