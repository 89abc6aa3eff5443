#ifndef CAIRN_SERVER_MLFLOW_SIGNED_URL_H_
#define CAIRN_SERVER_MLFLOW_SIGNED_URL_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/http/message.h"
#include "server/mlflow/served_call.h"
#include "server/service/caller.h"

namespace cairn::mlflow {

// What URLs have in common that this server signs for itself, for a file to be read
// (signed_download) or sent in parts (part_upload_routes). Pure but for the clock.

// The beginning of a URL that leads here: scheme, host, and what stands in the request's path
// before `mark`. The host is the one that this request named, which the one who gets the URL sent
// himself; the scheme is https where the port speaks TLS or a proxy before it says so
// (`X-Forwarded-Proto`).
//   INVALID_PARAMETER_VALUE  the request names no host
absl::StatusOr<std::string> OwnUrlBefore(std::string_view mark, const Gateway& gateway,
                                         const http::Request& request);

// Whether the one whom a URL was signed for is still who he was: a revoked token ends its URLs.
// Errors of AccessControl::StillValid.
absl::Status CheckStillValid(const Gateway& gateway, const service::Caller& caller);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_SIGNED_URL_H_
