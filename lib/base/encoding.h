#ifndef CAIRN_LIB_BASE_ENCODING_H_
#define CAIRN_LIB_BASE_ENCODING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cairn {

// Small text encodings used in names, tokens and etags. All functions are pure.

// Lower-case hexadecimal, two characters a byte.
std::string HexEncode(std::string_view bytes);

// The inverse; nullopt for odd length, upper case or any other character.
std::optional<std::string> HexDecode(std::string_view hex);

// URL-safe base64 without padding (RFC 4648, section 5).
std::string Base64UrlEncode(std::string_view bytes);

// The inverse; nullopt for characters outside the alphabet, impossible lengths
// or set bits behind the last byte, so every text decodes from one form only.
std::optional<std::string> Base64UrlDecode(std::string_view text);

// Base 36 with digits 0-9a-z, no sign, no leading zeros ("0" for zero).
std::string Base36(uint64_t value);

// The quoted strong entity tag (RFC 7232) of a record at `mod_revision`.
std::string EtagOf(int64_t mod_revision);

// Percent-encodes everything but RFC 3986's unreserved characters.
std::string PercentEncode(std::string_view text);

// Decodes exactly once; nullopt for a broken escape.
std::optional<std::string> PercentDecode(std::string_view text);

// `text` with the letters A to Z in lower case, every other byte as it is.
std::string AsciiLower(std::string_view text);

// True for well-formed UTF-8: no overlong forms, surrogates or values above U+10FFFF.
bool IsValidUtf8(std::string_view text);

// True if well-formed UTF-8 holds a character that moves a cursor instead of showing
// itself: U+0000 to U+001F, U+007F to U+009F, and the separators U+2028 and U+2029.
bool HasControlCharacter(std::string_view text);

// `text` with these as JSON spells them: "\n", "\t", "\u001b". For people, not to be read back.
std::string EscapeControlCharacters(std::string_view text);

// The shortest decimal that reads back as the same double ("nan", "inf", "-inf").
std::string ShortestDouble(double value);

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_ENCODING_H_
