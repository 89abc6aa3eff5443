#ifndef CAIRN_LIB_CLIENT_TLS_ERRORS_H_
#define CAIRN_LIB_CLIENT_TLS_ERRORS_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "lib/client/client_tls.h"

namespace cairn::client {

// What is wrong with TLS between a client with these options and its server; nullopt when nothing
// is, or nobody answers.
//   INVALID_ARGUMENT (TLS_REQUIRED)          the server speaks it and the client does not
//   INVALID_ARGUMENT (TLS_NOT_SPOKEN)        the other way round
//   UNAUTHENTICATED (TLS_SERVER_UNTRUSTED)   the server's certificate is not trusted: its authority
//                                            is unknown, it expired, or it names another host
//   UNAUTHENTICATED (TLS_CLIENT_REFUSED)     the server wants a certificate, or another one
// gRPC says of all of these that the server is unavailable, so a connection is made to find out
// (lib/tls/probe.h). Blocks for about a second at most; safe to call from any thread.
std::optional<absl::Status> ExplainTls(const std::string& address, const ClientTls& tls);

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_TLS_ERRORS_H_
