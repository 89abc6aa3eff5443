#include "lib/base/ed25519.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <memory>

#include "lib/base/errors.h"

namespace cairn {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kSignatureBytes = 64;

struct Ed25519Deleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using EvpKey = std::unique_ptr<EVP_PKEY, Ed25519Deleter>;
using EvpContext = std::unique_ptr<EVP_MD_CTX, Ed25519Deleter>;

const unsigned char* Octets(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

EvpKey PrivateKeyOf(std::string_view seed) {
  return EvpKey(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, Octets(seed), seed.size()));
}

absl::Status NoCryptography() {
  return Error(absl::StatusCode::kInternal, ErrorReason::INTERNAL_FAULT,
               "OpenSSL did not sign: it has no memory or no randomness")
      .ToStatus();
}

}  // namespace

absl::StatusOr<Ed25519Key> Ed25519Key::Generate() {
  std::array<unsigned char, kKeyBytes> seed{};
  if (RAND_priv_bytes(seed.data(), static_cast<int>(seed.size())) != 1) return NoCryptography();
  auto key = FromSeed({reinterpret_cast<const char*>(seed.data()), seed.size()});
  if (!key) return NoCryptography();
  return *std::move(key);
}

std::optional<Ed25519Key> Ed25519Key::FromSeed(std::string_view seed) {
  if (seed.size() != kKeyBytes) return std::nullopt;
  const EvpKey evp = PrivateKeyOf(seed);
  std::array<unsigned char, kKeyBytes> raw{};
  size_t size = raw.size();
  if (evp == nullptr || EVP_PKEY_get_raw_public_key(evp.get(), raw.data(), &size) != 1) {
    return std::nullopt;
  }
  Ed25519Key key;
  key.seed_ = seed;
  key.public_key_.assign(raw.begin(), raw.end());
  return key;
}

absl::StatusOr<std::string> Ed25519Key::Sign(std::string_view message) const {
  const EvpKey key = PrivateKeyOf(seed_);
  const EvpContext context(EVP_MD_CTX_new());
  std::string signature(kSignatureBytes, '\0');
  size_t size = signature.size();
  const bool made =
      key != nullptr && context != nullptr &&
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     Octets(message), message.size()) == 1;
  if (!made || size != signature.size()) return NoCryptography();
  return signature;
}

bool VerifyEd25519(std::string_view public_key, std::string_view message,
                   std::string_view signature) {
  if (public_key.size() != kKeyBytes || signature.size() != kSignatureBytes) return false;
  const EvpKey key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Octets(public_key),
                                               public_key.size()));
  const EvpContext context(EVP_MD_CTX_new());
  return key != nullptr && context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), Octets(signature), signature.size(), Octets(message),
                          message.size()) == 1;
}

}  // namespace cairn
