#include "server/storage/record_cache.h"

#include <utility>

namespace cairn::storage {
namespace {

// Of one entry, besides its texts: the slot of the map and the record.
constexpr size_t kEntryBytes = 160;

// A record of more would push out too many others.
constexpr size_t kMaxPayloadBytes = 8 << 10;

size_t PayloadBytes(const std::optional<Record>& record) {
  return record ? record->payload.size() : 0;
}

size_t BytesOf(std::string_view key, const std::optional<Record>& record) {
  return kEntryBytes + key.size() + PayloadBytes(record);
}

bool IsTooLarge(const std::optional<Record>& record) {
  return PayloadBytes(record) > kMaxPayloadBytes;
}

}  // namespace

const std::optional<Record>* RecordCache::Find(const Key& key) { return Touch(key); }

void RecordCache::Set(const Key& key, const std::optional<Record>& record) {
  if (std::optional<Record>* state = Touch(key)) return Replace(key, *state, record);
  if (IsTooLarge(record)) return;
  MakeRoom(BytesOf(key.bytes, record));
  young_.Of(key.family).emplace(key.bytes, record);
}

void RecordCache::Update(const Key& key, const std::optional<Record>& record) {
  if (std::optional<Record>* state = Touch(key)) Replace(key, *state, record);
}

void RecordCache::Clear() {
  young_ = {};
  old_ = {};
}

std::optional<Record>* RecordCache::Touch(const Key& key) {
  Records& young = young_.Of(key.family);
  const auto known = young.find(std::string_view(key.bytes));
  if (known != young.end()) return &known->second;
  Records& old = old_.Of(key.family);
  const auto before = old.find(std::string_view(key.bytes));
  if (before == old.end()) return nullptr;
  const size_t bytes = BytesOf(before->first, before->second);
  Records::node_type node = old.extract(before);
  old_.bytes -= bytes;
  MakeRoom(bytes);
  return &young_.Of(key.family).insert(std::move(node)).position->second;
}

void RecordCache::MakeRoom(size_t bytes) {
  if (young_.bytes + bytes > max_bytes_ / 2) BeginGeneration();
  young_.bytes += bytes;
}

void RecordCache::BeginGeneration() {
  old_ = std::move(young_);
  young_ = {};
}

// In its place: a record changes often and its size seldom.
void RecordCache::Replace(const Key& key, std::optional<Record>& state,
                          const std::optional<Record>& record) {
  if (IsTooLarge(record)) {
    young_.bytes -= BytesOf(key.bytes, state);
    young_.Of(key.family).erase(key.bytes);
    return;
  }
  young_.bytes -= PayloadBytes(state);
  young_.bytes += PayloadBytes(record);
  state = record;
  if (young_.bytes > max_bytes_ / 2) BeginGeneration();
}

}  // namespace cairn::storage
