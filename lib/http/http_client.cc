#include "lib/http/http_client.h"

#include <string>

#include "lib/base/errors.h"
#include "lib/http/http_connection.h"

namespace cairn::http {

absl::StatusOr<HostPort> ParseHttpAddress(std::string_view field, std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  if (text.starts_with("https://")) {
    return InvalidField(ErrorReason::TLS_NOT_SPOKEN, field, text,
                        "must be HOST:PORT or http://HOST:PORT: that port has no TLS")
        .ToStatus();
  }
  std::string_view rest = text;
  if (rest.starts_with(kScheme)) rest.remove_prefix(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  auto server = ParseHostPort(rest);
  if (server.ok() && server->host.find_first_of("/@ ") == std::string::npos) return server;
  return InvalidField(ErrorReason::VALUE_INVALID, field, text,
                      "must be HOST:PORT or http://HOST:PORT")
      .ToStatus();
}

absl::StatusOr<Response> Get(const HostPort& server, const std::string& target,
                             const GetOptions& options) {
  HttpConnection connection(server,
                            {.total = options.timeout, .max_body_bytes = options.max_body_bytes});
  ClientRequest request;
  request.target = target;
  request.headers.push_back({"Connection", "close"});
  return connection.Ask(request);
}

}  // namespace cairn::http
