#ifndef CAIRN_SERVER_ARTIFACTS_PACK_REWRITER_H_
#define CAIRN_SERVER_ARTIFACTS_PACK_REWRITER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/digest.h"
#include "server/artifacts/blob_codec.h"
#include "server/artifacts/entry_walk.h"
#include "server/artifacts/pack_pool.h"
#include "server/storage/kv_store.h"

namespace cairn::artifacts {

// Gives the room of removed blobs and lists of chunks back: packs of which less than half is live
// are emptied by copying what is live elsewhere, and removed. Bytes first, sync, then the commit
// that names the new place; the file goes only when no entry names it. So a crash at any moment
// leaves the blob in one place or the other, and perhaps dead bytes that the next collection
// finds.
//
// A pack with an upload in it, with damaged framing, with a blob in quarantine, or for whose
// live bytes there is no room stays.
//
// Use: Weigh every entry, Choose, then Next until nothing is left. For one thread.
class PackRewriter {
 public:
  // What became of a pack.
  struct Removed {
    int64_t pack_count = 0;   // removed
    int64_t freed_bytes = 0;  // of the files, less what was copied
  };

  explicit PackRewriter(PackPool& packs) : packs_(packs) {}
  ~PackRewriter() { Reset(); }
  PackRewriter(const PackRewriter&) = delete;
  PackRewriter& operator=(const PackRewriter&) = delete;

  // Forgets everything; also when it was left in the middle.
  void Reset();

  // Counts a blob in. What is stored after its entry was passed only makes a pack look
  // emptier than it is: what is copied is decided by the entries.
  void Weigh(const EntryHead& entry);

  // Picks the packs and takes them out of use for appending. May be called again.
  absl::Status Choose();

  // One step, of at most 16 MiB: adds to `set` the new entries of what was copied. False
  // when nothing is left. `round` is larger with every step; the same one again says that
  // the last step was not committed, and then what was copied is used again.
  absl::StatusOr<bool> Next(const storage::Snapshot& snapshot, int64_t round,
                            storage::WriteSet& set, Removed& removed);

 private:
  // A record of the pack that is emptied.
  struct Live {
    PackFile::Kind kind;
    Digest digest;
    int64_t data_offset = 0;
  };
  // A blob that was copied and whose entry is not known to be committed.
  struct Move {
    Digest digest;
    storage::Revision revision = 0;
    std::string entry;
  };
  // The record being copied.
  struct Copy {
    PackFile::Kind kind;
    Digest digest;  // as it stands in the record
    storage::Revision revision = 0;
    internal::BlobEntryRecord entry;
    int64_t new_offset = 0;
    int64_t done = 0;
  };

  absl::Status Open(const PackPool::File& victim);
  absl::StatusOr<bool> CopySome(const storage::Snapshot& snapshot);
  absl::StatusOr<bool> CopyRound(const storage::Snapshot& snapshot);
  void UndoRound(size_t first_record, int64_t copied_bytes);
  int64_t LiveBytesOf(int64_t pack) const;
  absl::StatusOr<bool> BeginCopy(const storage::Snapshot& snapshot, const Live& record);
  absl::StatusOr<bool> CopyPiece();
  absl::Status EndCopy();
  absl::Status Close(const storage::Snapshot& snapshot);
  absl::StatusOr<bool> IsNamed(const storage::Snapshot& snapshot) const;
  void CloseTarget();

  PackPool& packs_;
  std::map<int64_t, int64_t> live_bytes_;  // by pack
  std::vector<PackPool::File> victims_;
  size_t victim_ = 0;
  // Of the victim that is being emptied; null before it is opened.
  std::shared_ptr<const PackFile> pack_;
  std::vector<Live> records_;
  size_t next_record_ = 0;
  int64_t copied_bytes_ = 0;
  bool spoiled_ = false;  // it cannot be emptied
  std::optional<PackPool::Place> target_;
  int64_t synced_end_ = 0;  // of the target: what a round that fails leaves of it
  std::optional<Copy> copy_;
  std::vector<Move> moves_;
  Removed removed_;  // in this round
  int64_t round_ = -1;
};

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_PACK_REWRITER_H_
