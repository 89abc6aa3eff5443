#include "lib/client/tls_errors.h"

#include <pthread.h>
#include <signal.h>

#include <string_view>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/tls/probe.h"

namespace cairn::client {
namespace {

absl::Status Mismatch(ErrorReason reason, const std::string& address, std::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument, reason, message)
      .With("address", address)
      .Field("address", message);
}

absl::Status Distrust(ErrorReason reason, const std::string& address, const std::string& why,
                      std::string_view message) {
  return Error(absl::StatusCode::kUnauthenticated, reason, message)
      .With("address", address)
      .With("cause", why)
      .ToStatus();
}

// Keeps SIGPIPE from this thread: OpenSSL writes to a socket whose other side may be gone, and the
// signal would end the program. One that came meanwhile is taken away.
class NoBrokenPipes {
 public:
  NoBrokenPipes() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoBrokenPipes() {
    const timespec at_once{0, 0};
    if (!was_pending_) ::sigtimedwait(&pipe_, nullptr, &at_once);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoBrokenPipes(const NoBrokenPipes&) = delete;
  NoBrokenPipes& operator=(const NoBrokenPipes&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

}  // namespace

std::optional<absl::Status> ExplainTls(const std::string& address, const ClientTls& tls) {
  const NoBrokenPipes held;
  const tls::ProbeResult found = tls::Probe({.address = address,
                                             .tls = tls.on,
                                             .authority_pem = tls.authority_pem,
                                             .certificate_pem = tls.certificate_pem,
                                             .key_pem = tls.key_pem,
                                             .server_name = tls.server_name});
  switch (found.verdict) {
    case tls::ProbeVerdict::kUnknown:
      return std::nullopt;
    case tls::ProbeVerdict::kServerSpeaksTls:
      return Mismatch(ErrorReason::TLS_REQUIRED, address,
                      fmt::format("the server at {0} speaks TLS: write https://{0}, and name the "
                                  "authority of its certificate with --tls-ca FILE unless the "
                                  "system trusts it",
                                  address));
    case tls::ProbeVerdict::kServerSpeaksPlainText:
      return Mismatch(ErrorReason::TLS_NOT_SPOKEN, address,
                      fmt::format("the server at {} does not speak TLS: write the address without "
                                  "https:// and leave out --tls and its files, or start cairnd "
                                  "with --tls-cert",
                                  address));
    case tls::ProbeVerdict::kServerUntrusted:
      return Distrust(ErrorReason::TLS_SERVER_UNTRUSTED, address, found.why,
                      fmt::format("the certificate of the server at {} is not trusted: {}; "
                                  "--tls-ca FILE names who vouches for it, --tls-server-name what "
                                  "it names if not the address's host",
                                  address, found.why));
    case tls::ProbeVerdict::kClientRefused:
      return Distrust(ErrorReason::TLS_CLIENT_REFUSED, address, found.why,
                      fmt::format("the server at {} does not let this client in: {}; --tls-cert "
                                  "FILE and --tls-key FILE name the certificate to show it",
                                  address, found.why));
  }
  return std::nullopt;
}

}  // namespace cairn::client
