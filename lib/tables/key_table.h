#ifndef CAIRN_LIB_TABLES_KEY_TABLE_H_
#define CAIRN_LIB_TABLES_KEY_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cairn::tables {

// What two tables have under one key: how many rows, and the sum of the rows' hashes,
// which does not depend on their order.
struct KeyEntry {
  uint64_t key = 0;
  uint64_t sums[2] = {0, 0};    // of the first and the second table
  uint32_t counts[2] = {0, 0};  // both 0 in a free slot
};

// Entries by the hash of their key: an open-addressing table of 32 bytes a slot. Not
// thread-safe.
class KeyTable {
 public:
  KeyTable();

  // The entry of `key`, which is made if it does not exist; the caller gives it a count
  // before the next call. Holds until then.
  KeyEntry& Touch(uint64_t key);

  // The entry of `key`; null if there is none.
  const KeyEntry* Find(uint64_t key) const;

  // How many keys there are.
  size_t size() const { return used_; }

  // Every slot; those whose counts are 0 are free.
  const std::vector<KeyEntry>& slots() const { return slots_; }

  void Clear();

 private:
  size_t SlotOf(uint64_t key) const;
  void Grow();

  std::vector<KeyEntry> slots_;  // a power of two
  size_t used_ = 0;
};

}  // namespace cairn::tables

#endif  // CAIRN_LIB_TABLES_KEY_TABLE_H_
