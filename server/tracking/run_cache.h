#ifndef CAIRN_SERVER_TRACKING_RUN_CACHE_H_
#define CAIRN_SERVER_TRACKING_RUN_CACHE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lib/base/mutex.h"
#include "server/index/run_columns.h"
#include "server/storage/kv_store.h"
#include "server/tracking/encoded_run.h"

namespace cairn::tracking {

// Whole runs that were read lately, always as they are: a commit that names a run
// takes it out before the commit is acknowledged, so whoever writes and then reads
// finds what was written.
//
// What is found was read at its `revision` and has not changed since, as far as
// commits were heard of. A run that was read before a commit that changed it cannot
// be put in after that commit: the newest commit to each of a number of slots that
// runs share is remembered, and what is older than its slot is not kept.
//
// Bounded by bytes: the runs that were not asked for the longest go. Safe to call from
// any thread.
class RunCache {
 public:
  // `max_bytes` is split among the shards; a run that is larger than its share is not
  // kept.
  explicit RunCache(size_t max_bytes) : max_shard_bytes_(max_bytes / kShards) {}

  // The run, or null. `run_id` need not be an id.
  EncodedRunPtr Find(std::string_view run_id);

  // Keeps `run`, unless it may have changed since it was read. Replaces what was kept
  // of it.
  void Insert(std::string_view run_id, EncodedRunPtr run);

  // Takes out the runs that `events` name; for the store's commit listener. Quick. A
  // resource below a run, such as an artifact, takes the run out too. REQUIRES: calls
  // come in the order of revisions.
  void OnCommit(storage::Revision revision, const std::vector<storage::Event>& events);

  // What is held, about. Goes over the shards one by one, so it shows no single moment.
  size_t bytes();

 private:
  struct Hash {
    size_t operator()(const index::RunId& id) const { return id.high ^ id.low; }
  };
  using Entry = std::pair<index::RunId, EncodedRunPtr>;
  static constexpr size_t kShards = 16;
  static constexpr size_t kSlots = 256;  // in each shard
  // A part of the runs with a lock of its own, so that readers seldom meet.
  struct Shard {
    Mutex mutex;
    std::list<Entry> runs CAIRN_GUARDED_BY(mutex);  // lately used ones first
    std::unordered_map<index::RunId, std::list<Entry>::iterator, Hash> places
        CAIRN_GUARDED_BY(mutex);
    size_t bytes CAIRN_GUARDED_BY(mutex) = 0;
    // By SlotOf: the newest commit that named one of the runs that share the slot.
    std::array<storage::Revision, kSlots> changed CAIRN_GUARDED_BY(mutex) = {};

    void Erase(const index::RunId& id) CAIRN_REQUIRES(mutex);
  };

  // Ids are random, and so are their bits.
  Shard& ShardOf(const index::RunId& id) { return shards_[id.low % kShards]; }
  static size_t SlotOf(const index::RunId& id) { return id.low / kShards % kSlots; }

  const size_t max_shard_bytes_;
  std::array<Shard, kShards> shards_;
};

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_RUN_CACHE_H_
