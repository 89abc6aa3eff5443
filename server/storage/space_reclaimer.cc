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

void SpaceReclaimer::Observe(const CommitBatch& batch) {
  MutexLock lock(&mutex_);
  for (const Change& change : batch.changes) {
    if (change.record->has_value() || change.key->bytes.empty()) continue;
    const std::string& bytes = change.key->bytes;
    Add({change.key->family, bytes.front()}, {bytes, bytes});
  }
}

void SpaceReclaimer::ReclaimSoon() {
  {
    MutexLock lock(&mutex_);
    if (ranges_.empty()) return;
    wanted_ = true;
  }
  arrived_.Signal();
}

void SpaceReclaimer::Add(const Kind& kind, const Range& range) {
  const auto [it, added] = ranges_.try_emplace(kind, range);
  if (added) return;
  it->second.first = std::min(it->second.first, range.first);
  it->second.last = std::max(it->second.last, range.last);
}

bool SpaceReclaimer::HasPass(bool also_wanted) const {
  MutexLock lock(&mutex_);
  return running_ || (also_wanted && wanted_);
}

void SpaceReclaimer::Work() {
  Ranges ranges;
  while (NextPass(ranges)) EndPass(Pass(ranges) ? Ranges() : ranges);
}

void SpaceReclaimer::EndPass(const Ranges& failed) {
  MutexLock lock(&mutex_);
  running_ = false;
  for (const auto& [kind, range] : failed) Add(kind, range);
}

// Waits until a pass is due; false: it is to stop.
bool SpaceReclaimer::NextPass(Ranges& ranges) {
  MutexLock lock(&mutex_);
  while (!wanted_ && !stopping_) arrived_.Wait(&mutex_);
  const auto latest = SteadyClock::now() + kAtMost;
  while (!stopping_ && SteadyClock::now() < latest && arrived_.WaitFor(&mutex_, kQuiet)) {
  }
  wanted_ = false;
  running_ = true;
  ranges = std::exchange(ranges_, {});
  return !stopping_;
}

// False: the ranges are to be compacted again.
bool SpaceReclaimer::Pass(const Ranges& ranges) {
  const std::shared_ptr<const RocksDatabase> database = holder_.Get();
  if (database == nullptr) return false;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  for (int i = 0; i < kFamilyCount; ++i) {
    families.push_back(database->family(static_cast<Family>(i)));
  }
  if (!database->db().Flush(rocksdb::FlushOptions(), families).ok()) return false;
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  options.canceled = &stopping_;
  for (const auto& [kind, range] : ranges) {
    const rocksdb::Slice first = ToSlice(range.first), last = ToSlice(range.last);
    const rocksdb::Status status =
        database->db().CompactRange(options, database->family(kind.first), &first, &last);
    if (!status.ok()) return false;
  }
  return true;
}

}  // namespace cairn::storage
