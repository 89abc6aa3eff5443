#include "server/storage/record_cache.h"

#include <utility>

namespace cairn::storage {
namespace {

// Of one entry, besides its texts: the node of the map and the record.
constexpr size_t kEntryBytes = 160;

// A record of more would push out too many others.
constexpr size_t kMaxPayloadBytes = 8 << 10;

}  // namespace

RecordCache::Name RecordCache::NameOf(const Key& key) {
  Name name;
  name.reserve(1 + key.bytes.size());
  name.push_back(static_cast<char>(key.family));
  name.append(key.bytes);
  return name;
}

size_t RecordCache::BytesOf(const Name& name, const std::optional<Record>& record) {
  return kEntryBytes + name.size() + (record ? record->payload.size() : 0);
}

const std::optional<Record>* RecordCache::Find(const Key& key) {
  Name name = NameOf(key);
  const auto young = young_.records.find(name);
  if (young != young_.records.end()) return &young->second;
  auto old = old_.records.extract(name);
  if (old.empty()) return nullptr;
  old_.bytes -= BytesOf(name, old.mapped());
  Insert(name, std::move(old.mapped()));
  return &young_.records.find(name)->second;
}

void RecordCache::Tell(const Key& key, const std::optional<Record>& record) {
  Name name = NameOf(key);
  Erase(young_, name);
  Erase(old_, name);
  if (record && record->payload.size() > kMaxPayloadBytes) return;
  Insert(std::move(name), record);
}

void RecordCache::Update(const Key& key, const std::optional<Record>& record) {
  const Name name = NameOf(key);
  const bool known = young_.records.count(name) != 0 || old_.records.count(name) != 0;
  if (known) Tell(key, record);
}

void RecordCache::Clear() {
  young_ = {};
  old_ = {};
}

void RecordCache::Insert(Name name, std::optional<Record> record) {
  const size_t bytes = BytesOf(name, record);
  if (young_.bytes + bytes > max_bytes_ / 2) {
    old_ = std::move(young_);
    young_ = {};
  }
  young_.bytes += bytes;
  young_.records.emplace(std::move(name), std::move(record));
}

bool RecordCache::Erase(Generation& generation, const Name& name) {
  const auto at = generation.records.find(name);
  if (at == generation.records.end()) return false;
  generation.bytes -= BytesOf(name, at->second);
  generation.records.erase(at);
  return true;
}

}  // namespace cairn::storage
