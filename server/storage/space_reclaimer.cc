#include "server/storage/space_reclaimer.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "rocksdb/options.h"

namespace cairn::storage {
namespace {

using SteadyClock = std::chrono::steady_clock;

}  // namespace

SpaceReclaimer::SpaceReclaimer(DatabaseHolder& holder)
    : holder_(holder), thread_([this] { Work(); }) {}

SpaceReclaimer::~SpaceReclaimer() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  arrived_.Signal();
  thread_.join();
}

void SpaceReclaimer::FlushSoon() {
  {
    MutexLock lock(&mutex_);
    wanted_ = true;
  }
  arrived_.Signal();
}

void SpaceReclaimer::Reclaim(const CommitBatch& batch) {
  {
    MutexLock lock(&mutex_);
    for (const Change& change : batch.changes) {
      if (change.record->has_value() || change.key->bytes.empty()) continue;
      const std::string& bytes = change.key->bytes;
      const auto [it, added] =
          ranges_.try_emplace(Kind{change.key->family, bytes.front()}, Range{bytes, bytes});
      if (!added) {
        it->second.first = std::min(it->second.first, bytes);
        it->second.last = std::max(it->second.last, bytes);
      }
      wanted_ = true;
    }
  }
  arrived_.Signal();
}

void SpaceReclaimer::Work() {
  Ranges ranges;
  while (NextPass(ranges)) Pass(ranges);
}

// Waits until a pass is due; false: it is to stop.
bool SpaceReclaimer::NextPass(Ranges& ranges) {
  MutexLock lock(&mutex_);
  while (!wanted_ && !stopping_) arrived_.Wait(&mutex_);
  const auto latest = SteadyClock::now() + kAtMost;
  while (!stopping_ && SteadyClock::now() < latest && arrived_.WaitFor(&mutex_, kQuiet)) {
  }
  wanted_ = false;
  ranges = std::exchange(ranges_, {});
  return !stopping_;
}

void SpaceReclaimer::Pass(const Ranges& ranges) {
  const std::shared_ptr<const RocksDatabase> database = holder_.Get();
  if (database == nullptr) return;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  for (int i = 0; i < kFamilyCount; ++i) {
    families.push_back(database->family(static_cast<Family>(i)));
  }
  if (!database->db().Flush(rocksdb::FlushOptions(), families).ok()) return;
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  options.canceled = &stopping_;
  for (const auto& [kind, range] : ranges) {
    const rocksdb::Slice first = ToSlice(range.first), last = ToSlice(range.last);
    const rocksdb::Status status =
        database->db().CompactRange(options, database->family(kind.first), &first, &last);
    if (!status.ok()) return;
  }
}

}  // namespace cairn::storage
