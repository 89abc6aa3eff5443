#ifndef CAIRN_SERVER_ARTIFACTS_BLOB_LEASES_H_
#define CAIRN_SERVER_ARTIFACTS_BLOB_LEASES_H_

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/mutex.h"
#include "server/artifacts/short_names.h"
#include "server/storage/kv_store.h"

namespace cairn::artifacts {

// Which blobs somebody may be about to refer to: those that were stored, or of which a
// client was told that they are there, within the last lease. A lease lasts at least its
// time and at most about twice that. In memory only: what an earlier process promised is
// not known, so everything is leased until this one ran for one lease.
//
// Blobs that were stored need no memory: the revision of their entry is younger than the
// revision at which the older of two generations began. Those that clients asked for are
// kept in two sets, 10 to 20 bytes for each blob and generation.
//
// A collection asks before it condemns a blob, and the answers exclude each other under
// one lock: a blob is leased, or it is condemned and from then on missing. Safe to call
// from any thread; the store and the clock must outlive it.
class BlobLeases {
 public:
  // A blob as it is at some snapshot.
  struct Seen {
    Digest digest;
    storage::Revision revision = 0;  // of its entry
  };

  BlobLeases(const storage::KvStore& store, const Clock& clock, int64_t lease_nanos);

  // Changes when what TryCondemn noted is forgotten.
  int64_t epoch() const CAIRN_EXCLUDES(mutex_);

  // Leases blobs that are there at a snapshot taken after `epoch` was read. False when the
  // epoch is another: look again. Adds to `refused` the places of those that are being
  // condemned and are not there any more.
  bool Take(const std::vector<Seen>& blobs, int64_t epoch, std::vector<size_t>& refused)
      CAIRN_EXCLUDES(mutex_);

  // Blobs are about to be stored.
  void Storing() CAIRN_EXCLUDES(mutex_);

  // Whether the blob is leased.
  bool IsLeased(const Seen& blob) CAIRN_EXCLUDES(mutex_);

  // Notes that the entry `blob` is about to be condemned, unless it is leased: then false.
  // Takes about 20 to 40 bytes until Forget.
  bool TryCondemn(const Seen& blob) CAIRN_EXCLUDES(mutex_);

  // The collection is over: forgets what TryCondemn noted.
  void Forget() CAIRN_EXCLUDES(mutex_);

 private:
  struct Generation {
    int64_t begin_nanos = 0;
    storage::Revision begin_revision = 0;
    absl::flat_hash_set<ShortName> asked;
  };

  void Turn() CAIRN_REQUIRES(mutex_);
  bool IsLeasedLocked(const Seen& blob) const CAIRN_REQUIRES(mutex_);

  const storage::KvStore& store_;
  const Clock& clock_;
  const int64_t lease_nanos_;
  mutable Mutex mutex_;
  int64_t last_use_nanos_ CAIRN_GUARDED_BY(mutex_);
  Generation current_ CAIRN_GUARDED_BY(mutex_);
  Generation previous_ CAIRN_GUARDED_BY(mutex_);
  int64_t epoch_ CAIRN_GUARDED_BY(mutex_) = 1;
  absl::flat_hash_map<ShortName, storage::Revision> condemned_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_BLOB_LEASES_H_
