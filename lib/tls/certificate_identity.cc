#include "lib/tls/certificate_identity.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include "lib/base/encoding.h"
#include "lib/tls/pem_files.h"

namespace cairn::tls {
namespace {

constexpr size_t kMostNameBytes = 512;

struct NamesDeleter {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
using NamesPtr = std::unique_ptr<GENERAL_NAMES, NamesDeleter>;

std::string_view TextOf(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

// The first alternative name of a kind (GEN_URI, …).
std::optional<std::string> FirstName(GENERAL_NAMES* names, int kind) {
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    // All three kinds asked for are IA5 strings in the same place.
    if (name->type == kind) return std::string(TextOf(name->d.ia5));
  }
  return std::nullopt;
}

std::optional<std::string> CommonName(const X509& certificate) {
  const X509_NAME* subject = X509_get_subject_name(&certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return std::nullopt;
  unsigned char* utf8 = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  if (size < 0) return std::nullopt;
  std::string name(reinterpret_cast<const char*>(utf8), static_cast<size_t>(size));
  OPENSSL_free(utf8);
  return name;
}

std::optional<std::string> Principal(const X509& certificate) {
  const NamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  constexpr std::array<std::pair<int, std::string_view>, 3> kKinds{
      {{GEN_URI, "uri:"}, {GEN_EMAIL, "email:"}, {GEN_DNS, "dns:"}}};
  for (const auto& [kind, prefix] : kKinds) {
    if (names == nullptr) break;
    if (auto name = FirstName(names.get(), kind)) return std::string(prefix) + *name;
  }
  if (auto name = CommonName(certificate)) return "cn:" + *name;
  return std::nullopt;
}

bool IsUsable(std::string_view principal) {
  const bool clean = std::none_of(principal.begin(), principal.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  return clean && principal.size() <= kMostNameBytes && principal.back() != ':' &&
         IsValidUtf8(principal);
}

}  // namespace

std::optional<CertificateIdentity> IdentityOf(const X509& certificate) {
  std::optional<std::string> principal = Principal(certificate);
  if (!principal || !IsUsable(*principal)) return std::nullopt;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (X509_digest(&certificate, EVP_sha256(), digest.data(), &size) != 1) return std::nullopt;
  return CertificateIdentity{*std::move(principal),
                             HexEncode({reinterpret_cast<const char*>(digest.data()), size}),
                             NotAfterUnixNanos(certificate)};
}

std::optional<CertificateIdentity> PeerIdentity(const SSL& ssl) {
  const X509* certificate = SSL_get0_peer_certificate(&ssl);
  if (certificate == nullptr || SSL_get_verify_result(&ssl) != X509_V_OK) return std::nullopt;
  return IdentityOf(*certificate);
}

}  // namespace cairn::tls
