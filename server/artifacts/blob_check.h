#ifndef CAIRN_SERVER_ARTIFACTS_BLOB_CHECK_H_
#define CAIRN_SERVER_ARTIFACTS_BLOB_CHECK_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "cairn/internal/storage.pb.h"
#include "lib/base/digest.h"
#include "server/artifacts/pack_pool.h"
#include "server/storage/kv_store.h"

namespace cairn::artifacts {

// Reads one blob that is stored in one piece, in parts, and tells whether it is damaged:
// its bytes by checksums and SHA-256, and what frames it in its pack, from which the index
// could not be rebuilt otherwise. For one thread; the packs must outlive it.
class BlobCheck {
 public:
  BlobCheck(const PackPool& packs, const Digest& digest, internal::BlobEntryRecord entry)
      : packs_(packs), digest_(digest), entry_(std::move(entry)) {}

  // Reads on, about `budget` bytes, which is lowered by what was read. True when the
  // verdict is known. Errors of files that say nothing about the blob.
  absl::StatusOr<bool> Read(int64_t& budget);

  // REQUIRES: Read answered true.
  bool damaged() const { return damaged_; }

 private:
  absl::Status ReadSome(int64_t& budget);
  absl::Status Open();

  const PackPool& packs_;
  const Digest digest_;
  const internal::BlobEntryRecord entry_;
  std::shared_ptr<const PackFile> pack_;
  Sha256Hasher hasher_;
  int64_t done_bytes_ = 0;
  bool over_ = false;
  bool damaged_ = false;
};

// Whether the list of chunks of a blob that is put together of them is whole, and all are
// there and not in quarantine. Their bytes are checked on their own.
absl::StatusOr<bool> ChunksAreSound(const storage::Snapshot& snapshot, const Digest& digest,
                                    const internal::BlobEntryRecord& entry);

// Whether the list stands in a pack where its entry says, as the entry has it. True for an
// entry that names none, as earlier versions made them. Errors of files that say nothing
// about the list.
absl::StatusOr<bool> ListIsSound(const PackPool& packs, const Digest& digest,
                                 const internal::BlobEntryRecord& entry);

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_BLOB_CHECK_H_
