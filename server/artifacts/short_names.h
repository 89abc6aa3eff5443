#ifndef CAIRN_SERVER_ARTIFACTS_SHORT_NAMES_H_
#define CAIRN_SERVER_ARTIFACTS_SHORT_NAMES_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "lib/base/digest.h"

namespace cairn::artifacts {

// The first 8 bytes of a SHA-256, for sets of very many blobs. Used only where taking one
// blob for another errs on the safe side: a blob is kept, or asked for again.
using ShortName = uint64_t;

// Of 32 bytes or more; 0 for fewer.
ShortName ShortNameOf(std::string_view sha256);
ShortName ShortNameOf(const Digest& digest);
// Of 64 lower-case hexadecimal characters; 0 for anything else.
ShortName ShortNameOfHex(std::string_view sha256_hex);

// A set that takes 8 bytes for each blob in it, and at most as much again while it grows.
// Made to be filled first and asked then. Not thread-safe.
class ShortNameSet {
 public:
  void Add(ShortName name);

  // Puts in order what was added, so that Contains knows it.
  void Compact();

  // Whether `name` was added before the last Settle; perhaps also for later ones.
  bool Contains(ShortName name) const;

  // How many different ones there are; after Settle.
  size_t size() const { return names_.size(); }

  void Clear();

 private:
  std::vector<ShortName> names_;
  size_t settled_ = 0;  // that many at the beginning are in order, each once
};

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_SHORT_NAMES_H_
