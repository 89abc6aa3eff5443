#include "server/auth/token_text.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "fmt/format.h"
#include "lib/base/encoding.h"

namespace cairn::auth {
namespace {

constexpr std::string_view kTokenPrefix = "cairn_";
constexpr size_t kSecretDigits = 64;
constexpr size_t kTokenBytes = kTokenPrefix.size() + kTokenIdDigits + 1 + kSecretDigits;

constexpr size_t kDigestBytes = 32;

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

bool IsLowerHexText(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

TokenParts DrawToken(IdSource& ids) {
  TokenParts parts;
  // A source for tests counts in the second half of its ids.
  parts.id = ids.NewHexId().substr(kTokenIdDigits);
  parts.secret = ids.NewHexId() + ids.NewHexId();
  return parts;
}

std::string FormatToken(const TokenParts& parts) {
  return fmt::format("{}{}_{}", kTokenPrefix, parts.id, parts.secret);
}

std::optional<TokenView> ParseToken(std::string_view text) {
  if (text.size() != kTokenBytes || !text.starts_with(kTokenPrefix)) return std::nullopt;
  text.remove_prefix(kTokenPrefix.size());
  const TokenView parts{text.substr(0, kTokenIdDigits), text.substr(kTokenIdDigits + 1)};
  if (text[kTokenIdDigits] != '_' || !IsLowerHexText(parts.id) || !IsLowerHexText(parts.secret)) {
    return std::nullopt;
  }
  return parts;
}

std::optional<std::string_view> BearerOf(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer";
  if (AsciiLower(authorization.substr(0, kScheme.size())) != kScheme) return std::nullopt;
  authorization.remove_prefix(kScheme.size());
  if (authorization.empty()) return authorization;
  if (authorization[0] != ' ') return std::nullopt;
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' '), authorization.size()));
  return authorization;
}

// With a context that each thread keeps, and the algorithm looked up once: of a call that is
// authenticated, finding them anew would be the larger part.
std::string SecretDigest(std::string_view secret) {
  static thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  std::string digest(kDigestBytes, '\0');
  EVP_DigestInit_ex2(context.get(), sha256, nullptr);
  EVP_DigestUpdate(context.get(), secret.data(), secret.size());
  EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  return digest;
}

}  // namespace cairn::auth
