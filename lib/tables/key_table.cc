#include "lib/tables/key_table.h"

#include <utility>

namespace cairn::tables {
namespace {

constexpr size_t kFirstKeys = 1024;

bool IsFree(const KeyEntry& entry) { return entry.counts[0] == 0 && entry.counts[1] == 0; }

}  // namespace

KeyTable::KeyTable() : slots_(kFirstKeys) {}

size_t KeyTable::SlotOf(uint64_t key) const {
  const size_t mask = slots_.size() - 1;
  // The upper bits: the lower ones are the same in all keys of a pass.
  size_t at = (key >> 20) & mask;
  while (!IsFree(slots_[at]) && slots_[at].key != key) at = (at + 1) & mask;
  return at;
}

KeyEntry& KeyTable::Touch(uint64_t key) {
  if ((used_ + 1) * 2 > slots_.size()) Grow();
  KeyEntry& entry = slots_[SlotOf(key)];
  if (IsFree(entry)) {
    ++used_;
    entry.key = key;
  }
  return entry;
}

const KeyEntry* KeyTable::Find(uint64_t key) const {
  const KeyEntry& entry = slots_[SlotOf(key)];
  return IsFree(entry) ? nullptr : &entry;
}

void KeyTable::Grow() {
  const size_t size = slots_.size() * 2;
  const std::vector<KeyEntry> old = std::exchange(slots_, std::vector<KeyEntry>(size));
  for (const KeyEntry& entry : old) {
    if (!IsFree(entry)) slots_[SlotOf(entry.key)] = entry;
  }
}

void KeyTable::Clear() {
  slots_.assign(kFirstKeys, KeyEntry());
  used_ = 0;
}

}  // namespace cairn::tables
