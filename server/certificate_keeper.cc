#include "server/certificate_keeper.h"

#include <optional>
#include <string>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/observability/log.h"

namespace cairn {
namespace {

constexpr int64_t kWarnAgainNanos = int64_t{86'400} * kNanosPerSecond;

std::string ClientsAre(const tls::TlsOptions& options) {
  if (options.client_ca_file.empty()) return "not asked";
  return options.requires_clients() ? "required" : "optional";
}

}  // namespace

absl::StatusOr<std::unique_ptr<CertificateKeeper>> CertificateKeeper::Load(tls::TlsOptions options,
                                                                           const Clock& clock) {
  CAIRN_ASSIGN_OR_RETURN(auto context, tls::TlsContext::Load(std::move(options), clock));
  std::unique_ptr<CertificateKeeper> keeper(new CertificateKeeper(std::move(context), clock));
  keeper->Report(absl::OkStatus());
  return keeper;
}

CertificateKeeper::CertificateKeeper(std::unique_ptr<tls::TlsContext> context, const Clock& clock)
    : context_(std::move(context)), clock_(clock) {}

void CertificateKeeper::Check() {
  if (const std::optional<absl::Status> reloaded = context_->ReloadIfChanged()) Report(*reloaded);
  WarnIfItEndsSoon();
}

void CertificateKeeper::Reload() { Report(context_->Reload()); }

void CertificateKeeper::Report(const absl::Status& reloaded) {
  if (!reloaded.ok()) {
    observability::Log(
        observability::LogLevel::kError, "the new certificate was not taken; the one before stays",
        {{"error", std::string(reloaded.message())}, {"reason", ReasonOf(reloaded)}});
    return;
  }
  observability::Log(observability::LogLevel::kInfo, "new connections get this certificate",
                     {{"certificate", context_->options().certificate_file},
                      {"expires", FormatRfc3339(context_->expires_unix_nanos())},
                      {"client_certificates", ClientsAre(context_->options())}});
  warned_unix_nanos_ = 0;
  WarnIfItEndsSoon();
}

void CertificateKeeper::WarnIfItEndsSoon() {
  const int64_t now = clock_.NowUnixNanos();
  const int64_t end = context_->expires_unix_nanos();
  if (end - now > kWarnNanos) return;
  if (warned_unix_nanos_ != 0 && now - warned_unix_nanos_ < kWarnAgainNanos) return;
  warned_unix_nanos_ = now;
  observability::Log(
      observability::LogLevel::kWarning,
      end < now ? "the server's certificate has expired; clients refuse it"
                : "the server's certificate ends soon",
      {{"certificate", context_->options().certificate_file}, {"expires", FormatRfc3339(end)}});
}

}  // namespace cairn
