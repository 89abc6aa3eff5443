#ifndef CAIRN_LIB_BASE_HMAC_H_
#define CAIRN_LIB_BASE_HMAC_H_

#include <initializer_list>
#include <string>
#include <string_view>

namespace cairn {

// HMAC-SHA256 of `bytes` (RFC 2104): 32 bytes, by which somebody who has the same key knows that
// whoever made them has it too. A key may have any length, also none. Pure; safe to call from any
// thread.
std::string HmacSha256(std::string_view key, std::string_view bytes);

// The same of a list of texts, of which no other list has the same code (netstring.h). The first
// one says what the code is for, so that it is none of another kind.
std::string HmacSha256OfTexts(std::string_view key, std::initializer_list<std::string_view> texts);

// A key that nobody can guess: 32 random bytes.
std::string NewHmacKey();

// Whether two codes are equal, in a time that does not tell where they differ.
bool IsSameCode(std::string_view a, std::string_view b);

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_HMAC_H_
