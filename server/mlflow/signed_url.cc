#include "server/mlflow/signed_url.h"

#include "fmt/format.h"
#include "server/auth/access_control.h"
#include "server/gateway/connect_head.h"
#include "server/mlflow/error.h"

namespace cairn::mlflow {

absl::StatusOr<std::string> OwnUrlBefore(std::string_view mark, const Gateway& gateway,
                                         const http::Request& request) {
  const std::string_view host = gateway::HeaderOf(request, "host");
  if (host.empty()) return MissingValue("Host");
  const bool secure =
      gateway.options.tls || gateway::HeaderOf(request, "x-forwarded-proto") == "https";
  const std::string_view path = request.path;
  return fmt::format("{}://{}{}", secure ? "https" : "http", host, path.substr(0, path.find(mark)));
}

absl::Status CheckStillValid(const Gateway& gateway, const service::Caller& caller) {
  const auth::AccessControl* access = gateway.environment.access;
  if (access == nullptr || caller.identity == nullptr) return absl::OkStatus();
  return access->StillValid(*caller.identity, gateway.environment.clock.NowUnixNanos());
}

}  // namespace cairn::mlflow
