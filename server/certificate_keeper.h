#ifndef CAIRN_SERVER_CERTIFICATE_KEEPER_H_
#define CAIRN_SERVER_CERTIFICATE_KEEPER_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "lib/base/clock.h"
#include "lib/tls/tls_context.h"

namespace cairn {

// Keeps the server's certificate current and says in the log what it is, why a new one was not
// taken, and, once a day, that it ends soon.
//
// Owned by the server. Check and Reload are for one thread; the context is for all.
class CertificateKeeper {
 public:
  static constexpr int64_t kWarnNanos = int64_t{14} * 86'400 * kNanosPerSecond;

  // Errors are those of TlsContext::Load.
  static absl::StatusOr<std::unique_ptr<CertificateKeeper>> Load(
      tls::TlsOptions options, const Clock& clock = SystemClock());

  const tls::TlsContext& context() const { return *context_; }

  // To be called about once a second: takes files that changed.
  void Check();

  // Takes what the files hold now.
  void Reload();

 private:
  CertificateKeeper(std::unique_ptr<tls::TlsContext> context, const Clock& clock);

  void Report(const absl::Status& reloaded);
  void WarnIfItEndsSoon();

  const std::unique_ptr<tls::TlsContext> context_;
  const Clock& clock_;
  int64_t warned_unix_nanos_ = 0;
};

}  // namespace cairn

#endif  // CAIRN_SERVER_CERTIFICATE_KEEPER_H_
