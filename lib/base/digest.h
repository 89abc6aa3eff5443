#ifndef CAIRN_LIB_BASE_DIGEST_H_
#define CAIRN_LIB_BASE_DIGEST_H_

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cairn {

// The address of content: its SHA-256 and its length.
//
// The size is part of the identity: the right hash with the wrong size names nothing.
// Value type; copyable; safe to share between threads once built. Compared by hash,
// then by size.
struct Digest {
  std::array<uint8_t, 32> sha256{};
  int64_t size_bytes = 0;

  friend auto operator<=>(const Digest&, const Digest&) = default;

  // The hash as 64 lower-case hexadecimal characters.
  std::string Hex() const;
};

// Computes a digest piece by piece. Not thread-safe; movable, not copyable. REQUIRES:
// one that was moved from is only destroyed or assigned to.
class Sha256Hasher {
 public:
  Sha256Hasher();
  ~Sha256Hasher();
  Sha256Hasher(Sha256Hasher&&) noexcept;
  Sha256Hasher& operator=(Sha256Hasher&&) noexcept;

  // O(bytes); nothing is kept of them.
  void Update(std::string_view bytes);

  // Returns the digest of everything given so far and resets the hasher.
  Digest Finish();

 private:
  // Keeps OpenSSL's headers out of this one.
  struct Context;
  std::unique_ptr<Context> context_;
  int64_t size_bytes_ = 0;
};

// The digest of `bytes`. For bytes that are in memory as a whole.
Digest DigestOf(std::string_view bytes);

// SHA-256 of `bytes` as 64 lower-case hexadecimal characters.
std::string Sha256Hex(std::string_view bytes);

// Parses 64 lower-case hexadecimal characters and a length >= 0.
// INVALID_ARGUMENT (DIGEST_INVALID) names what is wrong.
absl::StatusOr<Digest> ParseDigest(std::string_view hex, int64_t size_bytes);

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_DIGEST_H_
