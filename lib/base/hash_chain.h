#ifndef CAIRN_LIB_BASE_HASH_CHAIN_H_
#define CAIRN_LIB_BASE_HASH_CHAIN_H_

#include <string>
#include <string_view>

#include "lib/base/digest.h"

namespace cairn {

// A hash chain: each entry's hash covers the entry and the hash before it, so the newest one stands
// for all entries, their bytes and their order. Pure.

// What the first entry follows: 32 zero bytes.
inline std::string ChainStart() { return std::string(32, '\0'); }

// SHA-256 of `previous`, 32 bytes, and the bytes of the entry, as 32 bytes.
inline std::string ChainHash(std::string_view previous, std::string_view entry) {
  Sha256Hasher hasher;
  hasher.Update(previous);
  hasher.Update(entry);
  const Digest digest = hasher.Finish();
  return std::string(digest.sha256.begin(), digest.sha256.end());
}

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_HASH_CHAIN_H_
