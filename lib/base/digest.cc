#include "lib/base/digest.h"

#include <openssl/evp.h>

#include <utility>

#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace cairn {

struct Sha256Hasher::Context {
  struct Free {
    void operator()(EVP_MD_CTX* ctx) const { EVP_MD_CTX_free(ctx); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> evp{EVP_MD_CTX_new()};
};

std::string Digest::Hex() const {
  return HexEncode(std::string_view(reinterpret_cast<const char*>(sha256.data()), sha256.size()));
}

Sha256Hasher::Sha256Hasher() : context_(std::make_unique<Context>()) {
  EVP_DigestInit_ex(context_->evp.get(), EVP_sha256(), nullptr);
}

Sha256Hasher::~Sha256Hasher() = default;
Sha256Hasher::Sha256Hasher(Sha256Hasher&&) noexcept = default;
Sha256Hasher& Sha256Hasher::operator=(Sha256Hasher&&) noexcept = default;

void Sha256Hasher::Update(std::string_view bytes) {
  EVP_DigestUpdate(context_->evp.get(), bytes.data(), bytes.size());
  size_bytes_ += static_cast<int64_t>(bytes.size());
}

Digest Sha256Hasher::Finish() {
  Digest digest;
  unsigned int length = 0;
  EVP_DigestFinal_ex(context_->evp.get(), digest.sha256.data(), &length);
  digest.size_bytes = std::exchange(size_bytes_, 0);
  EVP_DigestInit_ex(context_->evp.get(), EVP_sha256(), nullptr);
  return digest;
}

Digest DigestOf(std::string_view bytes) {
  Sha256Hasher hasher;
  hasher.Update(bytes);
  return hasher.Finish();
}

std::string Sha256Hex(std::string_view bytes) { return DigestOf(bytes).Hex(); }

absl::StatusOr<Digest> ParseDigest(std::string_view hex, int64_t size_bytes) {
  Digest digest;
  const auto bytes = HexDecode(hex);
  if (hex.size() != 64 || !bytes.has_value()) {
    return InvalidField(ErrorReason::DIGEST_INVALID, "sha256", hex,
                        "must be 64 lower-case hexadecimal characters")
        .ToStatus();
  }
  if (size_bytes < 0) {
    return InvalidField(ErrorReason::DIGEST_INVALID, "size_bytes", std::to_string(size_bytes),
                        "must not be negative")
        .ToStatus();
  }
  std::copy(bytes->begin(), bytes->end(), digest.sha256.begin());
  digest.size_bytes = size_bytes;
  return digest;
}

}  // namespace cairn
