#ifndef CAIRN_SERVER_AUTH_TOKEN_TEXT_H_
#define CAIRN_SERVER_AUTH_TOKEN_TEXT_H_

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/ids.h"

namespace cairn::auth {

// The text of a token: `cairn_{id}_{secret}`, an id of 16 and a secret of 64 lower-case hexadecimal
// digits. The prefix lets scanners of source code find tokens that were committed. The id is no
// secret: it is how the token is found and named. The secret has 256 random bits, so its SHA-256,
// which alone is stored, is as good as a slow hash would be. All functions are pure, but DrawToken.

inline constexpr size_t kTokenIdDigits = 16;

struct TokenParts {
  std::string id;
  std::string secret;
};

// Views of the two parts.
struct TokenView {
  std::string_view id;
  std::string_view secret;
};

// A new token with the randomness of `ids`.
TokenParts DrawToken(IdSource& ids);

std::string FormatToken(const TokenParts& parts);

// The parts of a text that has exactly this form; nullopt for any other, also with spaces around
// it. `text` outlives the answer.
std::optional<TokenView> ParseToken(std::string_view text);

// The token in the value of an `authorization` header: what follows `Bearer`, in any case, and one
// or more spaces (RFC 6750). Nullopt for another scheme. Empty if nothing follows.
std::optional<std::string_view> BearerOf(std::string_view authorization);

// SHA-256 of a secret: 32 bytes.
std::string SecretDigest(std::string_view secret);

}  // namespace cairn::auth

#endif  // CAIRN_SERVER_AUTH_TOKEN_TEXT_H_
