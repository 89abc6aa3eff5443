#ifndef CAIRN_LIB_BASE_ED25519_H_
#define CAIRN_LIB_BASE_ED25519_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cairn {

// Ed25519 signatures (RFC 8032), by OpenSSL. Keys and signatures are their plain bytes: seeds and
// public keys 32, signatures 64. Thread-safe.

// A private key. A value; whoever has it can sign.
class Ed25519Key {
 public:
  // A new one, from the system's randomness. INTERNAL when there is none.
  static absl::StatusOr<Ed25519Key> Generate();
  // The key of a seed; nullopt unless it has 32 bytes.
  static std::optional<Ed25519Key> FromSeed(std::string_view seed);

  // What the private key is made of: to be kept as secret as the key.
  const std::string& seed() const { return seed_; }
  // What others verify its signatures by.
  const std::string& public_key() const { return public_key_; }

  // The signature of `message`: the same each time. INTERNAL when OpenSSL has no memory.
  absl::StatusOr<std::string> Sign(std::string_view message) const;

 private:
  std::string seed_;
  std::string public_key_;
};

// Whether `signature` is one of `message` by the key; false for bytes that are no key or signature.
bool VerifyEd25519(std::string_view public_key, std::string_view message,
                   std::string_view signature);

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_ED25519_H_
