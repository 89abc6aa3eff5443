#ifndef CAIRN_SERVER_AUTH_TEXT_MAP_H_
#define CAIRN_SERVER_AUTH_TEXT_MAP_H_

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"

namespace cairn::auth {

// Maps and sets of texts that are looked up by views, so that asking allocates nothing. (The
// packaged Abseil has a string_view of its own, which its default hash of strings takes.)

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return absl::HashOf(text); }
};

// A flat map with that hash; pointers to values are valid until it changes.
template <typename Value>
using TextMap = absl::flat_hash_map<std::string, Value, TextHash, std::equal_to<>>;
// A map that is copied to be changed: the copy shares the parts that do not change with
// it, so it costs little however much there is. A value; readers need no lock as long
// as nobody writes. It is split into 256 parts by the hash of the key, and a change
// copies one of them: with n entries about n / 256. So writers publish a new map while
// readers go on with the old one.
template <typename Value>
class SharedMap {
 public:
  // Null if there is none; valid until the map changes.
  const Value* Find(std::string_view key) const {
    const auto& part = parts_[PartOf(key)];
    if (part == nullptr) return nullptr;
    const auto at = part->find(key);
    return at == part->end() ? nullptr : &at->second;
  }

  // Adds the value or replaces the one of the key. Copies of this map do not see it.
  void Set(std::string_view key, Value value) {
    auto part = CopyOfPart(key);
    size_ += part->insert_or_assign(std::string(key), std::move(value)).second ? 1 : 0;
    parts_[PartOf(key)] = std::move(part);
  }

  // Does nothing if there is none.
  void Erase(std::string_view key) {
    if (Find(key) == nullptr) return;
    auto part = CopyOfPart(key);
    part->erase(part->find(key));
    --size_;
    parts_[PartOf(key)] = std::move(part);
  }

  // The number of keys. O(1).
  size_t size() const { return size_; }

 private:
  static constexpr size_t kParts = 256;

  // The same for equal keys in one process only: the hash is seeded at random.
  static size_t PartOf(std::string_view key) { return TextHash()(key) % kParts; }

  // A copy of the key's part that may be changed before it takes the place of the old
  // one.
  std::shared_ptr<TextMap<Value>> CopyOfPart(std::string_view key) const {
    const auto& part = parts_[PartOf(key)];
    return part == nullptr ? std::make_shared<TextMap<Value>>()
                           : std::make_shared<TextMap<Value>>(*part);
  }

  // Null for a part without keys that never had one.
  std::array<std::shared_ptr<const TextMap<Value>>, kParts> parts_;
  size_t size_ = 0;  // of all parts
};

// The same without values.
using TextSet = absl::flat_hash_set<std::string, TextHash, std::equal_to<>>;

}  // namespace cairn::auth

#endif  // CAIRN_SERVER_AUTH_TEXT_MAP_H_
