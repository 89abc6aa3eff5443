#ifndef CAIRN_LIB_BASE_HMAC_H_
#define CAIRN_LIB_BASE_HMAC_H_

#include <string>
#include <string_view>

namespace cairn {

// HMAC-SHA256 of `bytes` (RFC 2104): 32 bytes, by which somebody who has the same key knows that
// whoever made them has it too. A key may have any length, also none. Pure; safe to call from any
// thread.
std::string HmacSha256(std::string_view key, std::string_view bytes);

// 32 bytes of the system's random source, to be a key. Without one the process ends: a key that
// could be guessed would let anybody sign.
std::string NewHmacKey();

// Whether two codes are equal, in a time that does not tell where they differ.
bool IsSameCode(std::string_view a, std::string_view b);

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_HMAC_H_
