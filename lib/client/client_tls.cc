#include "lib/client/client_tls.h"

#include <utility>

#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/tls/pem_files.h"

namespace cairn::client {

absl::StatusOr<ClientTls> ReadClientTls(const ClientTlsFiles& files) {
  if (files.certificate.empty() != files.key.empty()) {
    const bool lacks_key = files.key.empty();
    return InvalidField(ErrorReason::VALUE_INVALID, lacks_key ? "tls-key" : "tls-cert", "",
                        lacks_key ? "is required with --tls-cert: the certificate's private key"
                                  : "is required with --tls-key: the key's certificate")
        .ToStatus();
  }
  ClientTls read;
  read.on = files.on || !files.authority.empty() || !files.certificate.empty() ||
            !files.server_name.empty();
  read.server_name = files.server_name;
  if (!files.authority.empty()) {
    CAIRN_ASSIGN_OR_RETURN(tls::CertificateFile authority, tls::ReadCertificates(files.authority));
    read.authority_pem = std::move(authority.pem);
  }
  if (!files.certificate.empty()) {
    CAIRN_ASSIGN_OR_RETURN(tls::KeyPair pair, tls::ReadKeyPair(files.certificate, files.key,
                                                               SystemClock().NowUnixNanos()));
    read.certificate_pem = std::move(pair.chain.pem);
    read.key_pem = std::move(pair.key_pem);
  }
  return read;
}

}  // namespace cairn::client
