#include "tests/testing/test_certificates.h"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <fstream>
#include <utility>

namespace cairn::testing {
namespace {

using tls::BioPtr;
using tls::KeyPtr;
using tls::X509Ptr;

template <typename Write>
std::string ToPem(Write write) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  write(bio.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

void Extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  if (extension == nullptr) return;
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

void SetNumber(X509* certificate) {
  uint64_t number = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof(number));
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), number >> 1);
}

// Signed by `issuer`, or by itself where that is null.
Identity Make(const CertificateText& text, bool authority, const Identity* issuer) {
  Identity made{X509Ptr(X509_new()), KeyPtr(EVP_EC_gen("P-256"))};
  X509* const certificate = made.certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  SetNumber(certificate);
  X509_time_adj_ex(X509_getm_notBefore(certificate), 0, text.begins_in_seconds, nullptr);
  X509_time_adj_ex(X509_getm_notAfter(certificate), 0, text.ends_in_seconds, nullptr);
  X509_set_pubkey(certificate, made.key.get());
  if (!text.common_name.empty()) {
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(text.common_name.data()),
                               static_cast<int>(text.common_name.size()), -1, 0);
  }
  X509* const above = issuer == nullptr ? certificate : issuer->certificate.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(above));
  Extend(certificate, above, NID_basic_constraints, authority ? "critical,CA:TRUE" : "CA:FALSE");
  if (!authority) Extend(certificate, above, NID_ext_key_usage, "serverAuth,clientAuth");
  if (!text.alternative_names.empty()) {
    Extend(certificate, above, NID_subject_alt_name, text.alternative_names);
  }
  X509_sign(certificate, issuer == nullptr ? made.key.get() : issuer->key.get(), EVP_sha256());
  return made;
}

void WriteInOneStep(const std::string& path, const std::string& text, mode_t mode) {
  const std::string aside = path + ".new";
  std::ofstream(aside) << text;
  ::chmod(aside.c_str(), mode);
  std::rename(aside.c_str(), path.c_str());
}

}  // namespace

std::string Identity::CertificatePem() const {
  return ToPem([this](BIO* bio) { PEM_write_bio_X509(bio, certificate.get()); });
}

std::string Identity::KeyPem() const {
  return ToPem([this](BIO* bio) {
    PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

void Identity::Write(const std::string& directory, const std::string& name) const {
  WriteInOneStep(directory + "/" + name + ".key", KeyPem(), 0600);
  WriteInOneStep(directory + "/" + name + ".crt", CertificatePem(), 0644);
}

Authority::Authority(const std::string& name, const Authority* above)
    : own_(Make({.common_name = name, .alternative_names = "", .ends_in_seconds = 86'400}, true,
                above == nullptr ? nullptr : &above->own_)) {}

Identity Authority::Sign(const CertificateText& text) const { return Make(text, false, &own_); }

}  // namespace cairn::testing
