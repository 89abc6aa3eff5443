#ifndef CAIRN_LIB_TLS_PEM_FILES_H_
#define CAIRN_LIB_TLS_PEM_FILES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/tls/openssl_handles.h"

namespace cairn::tls {

// Reading of PEM files with certificates and keys. Errors name the file and what is wrong with
// it, never what a key file holds:
//   NOT_FOUND, INTERNAL … (FILE_ERROR)      it cannot be read
//   INVALID_ARGUMENT (TLS_FILE_INVALID)     it is no PEM, or not what it must be
//   PERMISSION_DENIED (TLS_KEY_OPEN)        a key is not its owner's only
//
// Safe to call from any thread.

// Certificates as they stand in a file, in its order; at least one.
struct CertificateFile {
  std::string pem;
  std::vector<X509Ptr> certificates;
};
absl::StatusOr<CertificateFile> ReadCertificates(const std::string& path);

// A certificate, those between it and a root, and the key that belongs to it.
struct KeyPair {
  CertificateFile chain;  // the first is the one with the key
  std::string key_pem;
  KeyPtr key;
};

// Reads both files and checks that they belong together and that the certificate is valid at
// `now_unix_nanos`. They may be one file, which is then a key file.
//
// Nobody but its owner may read a key file. If root owns it, its group may read it too, unless
// this process is root itself: so Kubernetes and Debian hand keys to services.
absl::StatusOr<KeyPair> ReadKeyPair(const std::string& certificate_path,
                                    const std::string& key_path, int64_t now_unix_nanos);

// When a certificate ends and begins to be valid, in nanoseconds since 1970.
int64_t NotAfterUnixNanos(const X509& certificate);
int64_t NotBeforeUnixNanos(const X509& certificate);

}  // namespace cairn::tls

#endif  // CAIRN_LIB_TLS_PEM_FILES_H_
