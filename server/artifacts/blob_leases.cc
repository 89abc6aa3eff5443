#include "server/artifacts/blob_leases.h"

#include <algorithm>
#include <utility>

namespace cairn::artifacts {

BlobLeases::BlobLeases(const storage::KvStore& store, const Clock& clock, int64_t lease_nanos)
    : store_(store),
      clock_(clock),
      lease_nanos_(lease_nanos),
      last_use_nanos_(clock.NowUnixNanos()) {
  current_.begin_nanos = last_use_nanos_;
  current_.begin_revision = store.GetSnapshot()->revision();
}

// Begins a new generation when it is time.
void BlobLeases::Turn() {
  const int64_t now = clock_.NowUnixNanos();
  if (now - last_use_nanos_ >= lease_nanos_) {
    // Nobody took a lease for so long: all are over.
    current_ = {now, store_.GetSnapshot()->revision(), {}};
    previous_ = {now, current_.begin_revision, {}};
  } else if (now - current_.begin_nanos >= lease_nanos_) {
    previous_ = std::exchange(current_, {now, store_.GetSnapshot()->revision(), {}});
  }
}

int64_t BlobLeases::epoch() const {
  MutexLock lock(&mutex_);
  return epoch_;
}

bool BlobLeases::Take(const std::vector<Seen>& blobs, int64_t epoch, std::vector<size_t>& refused) {
  MutexLock lock(&mutex_);
  if (epoch != epoch_) return false;
  Turn();
  last_use_nanos_ = std::max(last_use_nanos_, clock_.NowUnixNanos());
  for (size_t i = 0; i < blobs.size(); ++i) {
    const ShortName name = ShortNameOf(blobs[i].digest);
    const auto condemned = condemned_.find(name);
    // One that was stored again meanwhile has a later revision.
    if (condemned != condemned_.end() && blobs[i].revision <= condemned->second) {
      refused.push_back(i);
    } else {
      current_.asked.insert(name);
    }
  }
  return true;
}

void BlobLeases::Storing() {
  MutexLock lock(&mutex_);
  Turn();
  last_use_nanos_ = std::max(last_use_nanos_, clock_.NowUnixNanos());
}

bool BlobLeases::IsLeasedLocked(const Seen& blob) const {
  const ShortName name = ShortNameOf(blob.digest);
  return blob.revision > previous_.begin_revision || current_.asked.contains(name) ||
         previous_.asked.contains(name);
}

bool BlobLeases::IsLeased(const Seen& blob) {
  MutexLock lock(&mutex_);
  Turn();
  return IsLeasedLocked(blob);
}

bool BlobLeases::TryCondemn(const Seen& blob) {
  MutexLock lock(&mutex_);
  Turn();
  if (IsLeasedLocked(blob)) return false;
  storage::Revision& revision = condemned_[ShortNameOf(blob.digest)];
  revision = std::max(revision, blob.revision);
  return true;
}

void BlobLeases::Forget() {
  MutexLock lock(&mutex_);
  ++epoch_;
  absl::flat_hash_map<ShortName, storage::Revision>().swap(condemned_);
}

}  // namespace cairn::artifacts
