#ifndef CAIRN_SERVER_STORAGE_RECORD_CACHE_H_
#define CAIRN_SERVER_STORAGE_RECORD_CACHE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>

#include "server/storage/key.h"
#include "server/storage/kv_store.h"

namespace cairn::storage {

// The newest state of keys that commits lately looked at: the run that is logged
// into, the summaries of its metrics, its writers. A committer that alone changes
// the store keeps it right by telling it every change, and then decides most
// commits without reading.
//
// Holds two generations: what is used goes into the young one, and when that has
// half of the bytes the old one is dropped and the young one takes its place. So
// what is used at least once in a generation stays. Not thread-safe.
class RecordCache {
 public:
  explicit RecordCache(size_t max_bytes) : max_bytes_(max_bytes) {}

  // The state of `key` as it was last told: nullopt for one that is known to be
  // absent, nullptr when nothing is known. Valid until the next call.
  const std::optional<Record>* Find(const Key& key);

  // `key` now has this state. Large records are not kept.
  void Tell(const Key& key, const std::optional<Record>& record);

  // As Tell, if something is known of the key; else nothing.
  void Update(const Key& key, const std::optional<Record>& record);

  // Forgets everything: the truth may have changed without a Tell.
  void Clear();

  // What is held, about.
  size_t bytes() const { return young_.bytes + old_.bytes; }

 private:
  using Name = std::string;  // family, then the key's bytes
  struct Generation {
    std::unordered_map<Name, std::optional<Record>> records;
    size_t bytes = 0;
  };

  static Name NameOf(const Key& key);
  static size_t BytesOf(const Name& name, const std::optional<Record>& record);
  void Insert(Name name, std::optional<Record> record);
  bool Erase(Generation& generation, const Name& name);

  const size_t max_bytes_;
  Generation young_;
  Generation old_;
};

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_RECORD_CACHE_H_
