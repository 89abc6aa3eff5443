#ifndef CAIRN_LIB_CLIENT_TRANSPORT_H_
#define CAIRN_LIB_CLIENT_TRANSPORT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "lib/base/ids.h"
#include "lib/base/retry.h"
#include "lib/client/client_tls.h"
#include "lib/client/request_ids.h"

namespace cairn::client {

// How to reach a server and how patient to be with it. Value type; copyable.
struct ConnectOptions {
  // HOST:PORT, or unix:PATH. Client::Connect takes https://HOST:PORT too, which means TLS.
  std::string address = "127.0.0.1:50051";
  // For one call with all its repetitions; > 0. Streams have no deadline of their own,
  // for they may be long: they end when they are cancelled, or when the server, asked for
  // a sign of life after `keepalive_millis` of silence, gives none for 10 s. From 10,000:
  // servers end connections that ask more often.
  int64_t call_timeout_millis = 30'000;
  int64_t keepalive_millis = 20'000;
  // Who calls, sent as the metadata entry `cairn-principal`; empty sends none.
  std::string principal;
  // A secret that says who calls, sent as `authorization: Bearer TOKEN` with every call; empty
  // sends none. See token_file.h.
  std::string token;
  // Whether and how TLS is spoken; see ReadClientTls.
  ClientTls tls;
  // How often and how quickly a call that is safe to repeat is repeated.
  BackoffPolicy backoff{.max_attempts = 5, .initial_millis = 40, .max_millis = 1000};
  // The largest answer taken; a page of 10,000 runs is larger than gRPC's 4 MiB.
  int max_response_bytes = 64 << 20;
  // Makes request ids; must outlive the client.
  IdSource* ids = &SystemIds();
  // What request ids follow from (request_ids.h), so that a program that is started again repeats
  // its changes instead of making new ones; a UUID4, or empty. Streams are not covered.
  std::string request_id;
};

// One channel to one server: deadlines, repetition and error conversion for
// every call, whatever its service.
//
// Connecting happens with the first call. Safe to call from any thread; many
// calls share one connection. Keeps gRPC's headers out of those of its users.
class Transport {
 public:
  explicit Transport(ConnectOptions options);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Makes a unary call of `path` ("/cairn.v1.TrackingService/GetRun").
  //
  // A request with a field `request_id` that is empty gets one from RequestIds, so
  // that every call of this API is safe to repeat: those without the field either read
  // or end in the same state when they are made twice. UNAVAILABLE is repeated with
  // jittered waits, nothing else is. Errors are those of the server with their
  // details as payloads, and:
  // - UNAVAILABLE (SERVER_UNREACHABLE): nobody answers at the address, or the server dropped the
  //   call because it stops;
  // - those of ExplainTls: client and server do not agree about TLS;
  // - DEADLINE_EXCEEDED (CALL_ENDED), CANCELLED (CALL_ENDED).
  absl::Status CallMessage(const char* path, google::protobuf::Message* request,
                           google::protobuf::Message* response);

  // The same with the response as the result.
  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const char* path, Request request) {
    Response response;
    absl::Status status = CallMessage(path, &request, &response);
    if (!status.ok()) return status;
    return response;
  }

  // Cancels every call under way; they and all later ones end with CANCELLED.
  void Cancel();

  const ConnectOptions& options() const { return options_; }

  // The gRPC side, for the streaming parts of this library.
  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  const ConnectOptions options_;
  RequestIds request_ids_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_TRANSPORT_H_
