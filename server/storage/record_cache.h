#ifndef CAIRN_SERVER_STORAGE_RECORD_CACHE_H_
#define CAIRN_SERVER_STORAGE_RECORD_CACHE_H_

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
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
  void Set(const Key& key, const std::optional<Record>& record);

  // As Set, if something is known of the key; else nothing.
  void Update(const Key& key, const std::optional<Record>& record);

  // Forgets everything: the truth may have changed without a Set.
  void Clear();

  // What is held, about.
  size_t bytes() const { return young_.bytes + old_.bytes; }

 private:
  // Looked up by a view, so that finding a key allocates nothing.
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view bytes) const { return absl::HashOf(bytes); }
  };
  using Records = absl::flat_hash_map<std::string, std::optional<Record>, Hash, std::equal_to<>>;
  // Bytes count keys, payloads and a guess for each entry.
  struct Generation {
    std::array<Records, kFamilyCount> families;
    size_t bytes = 0;

    Records& Of(Family family) { return families[static_cast<size_t>(family)]; }
  };

  // The state in the young generation, to which it moves from the old one; nullptr if
  // nothing is known.
  std::optional<Record>* Touch(const Key& key);
  // Counts `bytes` more in the young generation, or in a new one.
  void MakeRoom(size_t bytes);
  // Drops the old generation; the young one becomes it. O(what is dropped).
  void BeginGeneration();
  // Changes the state of a key in the young generation, or drops it if it became too
  // large.
  void Replace(const Key& key, std::optional<Record>& state, const std::optional<Record>& record);

  const size_t max_bytes_;
  Generation young_;
  Generation old_;
};

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_RECORD_CACHE_H_
