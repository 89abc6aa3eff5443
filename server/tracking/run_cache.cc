#include "server/tracking/run_cache.h"

#include <optional>
#include <utility>

namespace cairn::tracking {
namespace {

constexpr size_t kIdBytes = 32;
constexpr std::string_view kRuns = "/runs/";
// Of an entry beside the run itself.
constexpr size_t kEntryBytes = 160;

// The run that a resource's name leads to: itself, or what the resource belongs to.
std::optional<index::RunId> RunOf(std::string_view resource) {
  const size_t at = resource.find(kRuns);
  if (at == std::string_view::npos) return std::nullopt;
  return index::RunId::Parse(resource.substr(at + kRuns.size(), kIdBytes));
}

size_t BytesOf(const EncodedRunPtr& run) { return run->memory_bytes() + kEntryBytes; }

}  // namespace

void RunCache::Shard::Erase(const index::RunId& id) {
  const auto found = places.find(id);
  if (found == places.end()) return;
  bytes -= BytesOf(found->second->second);
  runs.erase(found->second);
  places.erase(found);
}

EncodedRunPtr RunCache::Find(std::string_view run_id) {
  const auto id = index::RunId::Parse(run_id);
  if (!id) return nullptr;
  Shard& shard = ShardOf(*id);
  MutexLock lock(&shard.mutex);
  const auto found = shard.places.find(*id);
  if (found == shard.places.end()) return nullptr;
  shard.runs.splice(shard.runs.begin(), shard.runs, found->second);
  return found->second->second;
}

void RunCache::Insert(std::string_view run_id, EncodedRunPtr run) {
  const auto id = index::RunId::Parse(run_id);
  const size_t bytes = BytesOf(run);
  if (!id || bytes > max_shard_bytes_) return;
  Shard& shard = ShardOf(*id);
  MutexLock lock(&shard.mutex);
  if (run->revision < shard.changed[SlotOf(*id)]) return;
  shard.Erase(*id);
  shard.bytes += bytes;
  shard.runs.emplace_front(*id, std::move(run));
  shard.places.emplace(*id, shard.runs.begin());
  while (shard.bytes > max_shard_bytes_) shard.Erase(index::RunId(shard.runs.back().first));
}

void RunCache::OnCommit(storage::Revision revision, const std::vector<storage::Event>& events) {
  for (const storage::Event& event : events) {
    const auto id = RunOf(event.resource);
    if (!id) continue;
    Shard& shard = ShardOf(*id);
    MutexLock lock(&shard.mutex);
    shard.changed[SlotOf(*id)] = revision;
    shard.Erase(*id);
  }
}

size_t RunCache::bytes() {
  size_t bytes = 0;
  for (Shard& shard : shards_) {
    MutexLock lock(&shard.mutex);
    bytes += shard.bytes;
  }
  return bytes;
}

}  // namespace cairn::tracking
