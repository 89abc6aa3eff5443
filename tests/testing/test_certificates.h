#ifndef CAIRN_TESTS_TESTING_TEST_CERTIFICATES_H_
#define CAIRN_TESTS_TESTING_TEST_CERTIFICATES_H_

#include <cstdint>
#include <string>

#include "lib/tls/openssl_handles.h"

namespace cairn::testing {

// What a certificate of a test says.
struct CertificateText {
  std::string common_name;
  std::string alternative_names;      // as in OpenSSL's configuration: "DNS:localhost,IP:127.0.0.1"
  int64_t begins_in_seconds = -3600;  // from now; may be in the past
  int64_t ends_in_seconds = 3600;
};

// A certificate with its key, made at run time and never kept.
struct Identity {
  tls::X509Ptr certificate;
  tls::KeyPtr key;

  std::string CertificatePem() const;
  std::string KeyPem() const;

  // Writes DIR/NAME.crt and DIR/NAME.key, the key for its owner only, each in one step as who
  // replaces them would.
  void Write(const std::string& directory, const std::string& name) const;
};

// An authority that signs certificates; its own may be in another's hands as an intermediate.
class Authority {
 public:
  explicit Authority(const std::string& name, const Authority* above = nullptr);

  // For servers and clients.
  Identity Sign(const CertificateText& text) const;

  const Identity& own() const { return own_; }

 private:
  Identity own_;
};

// The certificate that most tests' servers have.
inline CertificateText LocalServer() {
  return {.common_name = "cairnd", .alternative_names = "DNS:localhost,IP:127.0.0.1"};
}

}  // namespace cairn::testing

#endif  // CAIRN_TESTS_TESTING_TEST_CERTIFICATES_H_
