#include "lib/base/hmac.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "lib/base/netstring.h"
#include "lib/base/random_bytes.h"

namespace cairn {

std::string HmacSha256(std::string_view key, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
  unsigned int length = 0;
  // A null key would mean another thing than an empty one.
  HMAC(EVP_sha256(), key.empty() ? "" : key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), code.data(), &length);
  return {reinterpret_cast<const char*>(code.data()), length};
}

std::string HmacSha256OfTexts(std::string_view key, std::initializer_list<std::string_view> texts) {
  std::string bytes;
  for (const std::string_view text : texts) AppendNetstring(bytes, text);
  return HmacSha256(key, bytes);
}

std::string NewHmacKey() { return RandomBytes(32); }

bool IsSameCode(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace cairn
