#include "lib/tls/pem_files.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"

namespace cairn::tls {
namespace {

// A bundle of all public roots has about a quarter of it.
constexpr int64_t kMostBytes = 1 << 20;

absl::Status Invalid(const std::string& path, std::string_view what) {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::TLS_FILE_INVALID,
               fmt::format("{}: {}", path, what))
      .With("path", path)
      .ToStatus();
}

absl::Status CheckClosed(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return FileError(errno, "inspect", path);
  if (!S_ISREG(info.st_mode)) return absl::OkStatus();
  const bool handed_out = info.st_uid == 0 && ::geteuid() != 0;
  const mode_t forbidden = handed_out ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
  if ((info.st_mode & forbidden) == 0) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, ErrorReason::TLS_KEY_OPEN,
               fmt::format("{} holds a private key and others may read it (mode {:03o}): "
                           "chmod 600 {}",
                           path, info.st_mode & 0777U, path))
      .With("path", path)
      .ToStatus();
}

// Never asks for a passphrase: a server that starts has nobody to answer.
int NoPassphrase(char*, int, int, void*) { return -1; }

absl::StatusOr<KeyPtr> ParseKey(const std::string& path, const std::string& pem) {
  ERR_clear_error();
  KeyPtr key(PEM_read_bio_PrivateKey(ReadOnlyBio(pem).get(), nullptr, NoPassphrase, nullptr));
  if (key != nullptr) return key;
  ERR_clear_error();
  if (pem.find("ENCRYPTED") != std::string::npos) {
    return Invalid(path,
                   "the private key has a passphrase, which nobody could be asked for; "
                   "store it without one (openssl pkey -in FILE -out FILE)");
  }
  if (pem.find("PRIVATE KEY-----") == std::string::npos) {
    return Invalid(path, "holds no private key in PEM (\"-----BEGIN PRIVATE KEY-----\")");
  }
  return Invalid(path, "the private key in it cannot be read: it is damaged or of an unknown kind");
}

int64_t ToUnixNanos(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  return int64_t{::timegm(&parts)} * kNanosPerSecond;
}

absl::Status CheckValidity(const std::string& path, const X509& certificate, int64_t now) {
  if (const int64_t end = NotAfterUnixNanos(certificate); now > end) {
    return Invalid(path, fmt::format("the certificate expired at {}", FormatRfc3339(end)));
  }
  if (const int64_t begin = NotBeforeUnixNanos(certificate); now < begin) {
    return Invalid(path,
                   fmt::format("the certificate is not valid before {}", FormatRfc3339(begin)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CertificateFile> ReadCertificates(const std::string& path) {
  CertificateFile file;
  CAIRN_ASSIGN_OR_RETURN(file.pem, ReadFile(path, kMostBytes));
  ERR_clear_error();
  const BioPtr bio = ReadOnlyBio(file.pem);
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr)) {
    file.certificates.emplace_back(next);
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end) {
    return Invalid(path, fmt::format("certificate {} in it cannot be read: it is damaged",
                                     file.certificates.size() + 1));
  }
  if (file.certificates.empty()) {
    return Invalid(path, "holds no certificate in PEM (\"-----BEGIN CERTIFICATE-----\")");
  }
  return file;
}

absl::StatusOr<KeyPair> ReadKeyPair(const std::string& certificate_path,
                                    const std::string& key_path, int64_t now_unix_nanos) {
  KeyPair pair;
  CAIRN_ASSIGN_OR_RETURN(pair.chain, ReadCertificates(certificate_path));
  CAIRN_RETURN_IF_ERROR(CheckClosed(key_path));
  CAIRN_ASSIGN_OR_RETURN(pair.key_pem, ReadFile(key_path, kMostBytes));
  CAIRN_ASSIGN_OR_RETURN(pair.key, ParseKey(key_path, pair.key_pem));
  const X509& own = *pair.chain.certificates.front();
  const bool match = X509_check_private_key(&own, pair.key.get()) == 1;
  ERR_clear_error();
  if (!match) {
    return Invalid(key_path, fmt::format("the private key does not belong to the first "
                                         "certificate in {}",
                                         certificate_path));
  }
  CAIRN_RETURN_IF_ERROR(CheckValidity(certificate_path, own, now_unix_nanos));
  return pair;
}

int64_t NotAfterUnixNanos(const X509& certificate) {
  return ToUnixNanos(X509_get0_notAfter(&certificate));
}

int64_t NotBeforeUnixNanos(const X509& certificate) {
  return ToUnixNanos(X509_get0_notBefore(&certificate));
}

}  // namespace cairn::tls
