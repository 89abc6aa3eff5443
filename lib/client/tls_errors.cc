#include "lib/client/tls_errors.h"

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

}  // namespace

std::optional<absl::Status> ExplainTls(const std::string& address, const ClientTls& tls) {
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
