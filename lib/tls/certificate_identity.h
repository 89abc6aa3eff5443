#ifndef CAIRN_LIB_TLS_CERTIFICATE_IDENTITY_H_
#define CAIRN_LIB_TLS_CERTIFICATE_IDENTITY_H_

#include <cstdint>
#include <optional>
#include <string>

#include "lib/tls/openssl_handles.h"

namespace cairn::tls {

// Whom a certificate names. Plain values.
struct CertificateIdentity {
  // The first of these that the certificate has, with its kind in front, so that a name of one
  // kind never passes for one of another:
  //   uri:spiffe://site/worker     a URI among its alternative names, as workloads have
  //   email:ann@example.org        an e-mail address there
  //   dns:trainer.example.org      a host name there
  //   cn:ann                       the common name of its subject
  // Of several of one kind it is the one that stands first.
  std::string principal;
  std::string sha256;              // of the certificate's DER, in hexadecimal
  int64_t expires_unix_nanos = 0;  // an open connection may outlive it
};

// Nullopt when it names nobody: it has none of these names, or the one that counts is longer than
// 512 bytes or has control characters, which no honest authority signs. Says nothing of whether
// the certificate is to be trusted. Safe to call from any thread.
std::optional<CertificateIdentity> IdentityOf(const X509& certificate);

// The identity of whoever is at the other end of a connection, if he showed a certificate that an
// authority of the connection's context vouches for; else nullopt.
std::optional<CertificateIdentity> PeerIdentity(const SSL& ssl);

}  // namespace cairn::tls

#endif  // CAIRN_LIB_TLS_CERTIFICATE_IDENTITY_H_
