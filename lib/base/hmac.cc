#include "lib/base/hmac.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace cairn {

std::string HmacSha256(std::string_view key, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
  unsigned int length = 0;
  // A null key would mean another thing than an empty one.
  HMAC(EVP_sha256(), key.empty() ? "" : key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), code.data(), &length);
  return {reinterpret_cast<const char*>(code.data()), length};
}

}  // namespace cairn
