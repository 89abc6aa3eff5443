#ifndef CAIRN_SERVER_SERVER_H_
#define CAIRN_SERVER_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/options.h"

namespace cairn {

// A whole Cairn server: store, blob store, gRPC and HTTP.
//
// Start order: open the store → check its format → bind → serve. Stop order:
// health says NOT_SERVING → no new calls → those under way may finish → the
// rest is cancelled → threads are joined → the store is closed. Nothing that was
// acknowledged depends on a clean stop.
//
// Methods are to be called by one thread.
class Server {
 public:
  // Opens the store and serves. Errors, with nothing left running:
  //   INVALID_ARGUMENT (CONFIG_INVALID)    an address cannot be bound
  //   those of tls::TlsContext::Load       a file of the TLS certificate cannot be used
  //   FAILED_PRECONDITION (STORE_LOCKED)   another process holds the directory
  //   FAILED_PRECONDITION (STORE_NEWER)    a newer version wrote the store
  //   DATA_LOSS (STORE_CORRUPT)            the store is damaged
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options);

  // Stops.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Where it serves, as HOST:PORT.
  const std::string& grpc_address() const;
  const std::string& http_address() const;

  // Reads the files of the TLS certificate again: ReloadCertificate now, CheckCertificate, to be
  // called about once a second, when they changed. New connections get what they hold; if it
  // cannot be used, the log says why and the one before stays. Without TLS they do nothing.
  void ReloadCertificate();
  void CheckCertificate();

  // Stops in the order above; later calls do nothing.
  void Stop();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn

#endif  // CAIRN_SERVER_SERVER_H_
