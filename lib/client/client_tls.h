#ifndef CAIRN_LIB_CLIENT_CLIENT_TLS_H_
#define CAIRN_LIB_CLIENT_CLIENT_TLS_H_

#include <string>

#include "absl/status/statusor.h"

namespace cairn::client {

// How a client speaks TLS: whom it trusts and what it shows of itself. Plain values; the texts are
// PEM, and `key_pem` is a secret.
struct ClientTls {
  bool on = false;
  std::string authority_pem;    // who vouches for servers; empty: whom the system trusts
  std::string certificate_pem;  // the client's, and those between it and a root; or empty
  std::string key_pem;          // of the certificate
  std::string server_name;      // what the server's certificate must name; empty: the host
};

// Where that stands, as flags name it. Whatever is given says that TLS is spoken.
struct ClientTlsFiles {
  bool on = false;
  std::string authority;
  std::string certificate;
  std::string key;
  std::string server_name;
};

// Reads and checks the files. Errors name the file and what is wrong with it:
//   INVALID_ARGUMENT (VALUE_INVALID)       a certificate without a key, or the other way round
//   NOT_FOUND, … (FILE_ERROR), INVALID_ARGUMENT (TLS_FILE_INVALID), PERMISSION_DENIED
//   (TLS_KEY_OPEN)                         those of lib/tls/pem_files.h
absl::StatusOr<ClientTls> ReadClientTls(const ClientTlsFiles& files);

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_CLIENT_TLS_H_
