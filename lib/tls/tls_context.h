#ifndef CAIRN_LIB_TLS_TLS_CONTEXT_H_
#define CAIRN_LIB_TLS_TLS_CONTEXT_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/clock.h"
#include "lib/base/mutex.h"
#include "lib/tls/openssl_handles.h"

namespace cairn::tls {

// By what a server is known, and whom it asks the same. Paths of PEM files. Without a
// certificate file TLS is off.
struct TlsOptions {
  std::string certificate_file;  // the server's certificate, then those between it and a root
  std::string key_file;          // its private key; see ReadKeyPair for who may read it
  std::string client_ca_file;    // who vouches for clients; empty: they are not asked
  bool client_certificate_required = true;  // of those who are asked; else they may have none

  bool enabled() const { return !certificate_file.empty(); }
  bool requires_clients() const { return !client_ca_file.empty() && client_certificate_required; }
};

// What is spoken inside, agreed on in the handshake (ALPN).
enum class Protocol : uint8_t {
  kHttp2,  // for gRPC; who offers anything else is refused
  kHttp1,  // also for who offers nothing
};

// The certificate of a server, for all its ports, and how it speaks TLS: 1.2 with forward secrecy
// and authenticated encryption, or 1.3. No renegotiation, no compression, no session tickets
// (docs/decisions/0021).
//
// The files are read when it is made and by Reload; connections that are open go on with what
// they began with. Owned by the server; outlives what it made. Reload and ReloadIfChanged are for
// one thread at a time, everything else may be called by any.
class TlsContext {
 public:
  // Errors are those of ReadKeyPair and ReadCertificates (pem_files.h). `clock` says
  // what has expired and must outlive it. INTERNAL if OpenSSL gives no context.
  static absl::StatusOr<std::unique_ptr<TlsContext>> Load(TlsOptions options,
                                                          const Clock& clock = SystemClock());

  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // The server's side of a new connection, without a socket. For Boost.Asio's
  // ssl::stream use its constructor that takes an SSL*, where Boost has it, or
  // context(). RESOURCE_EXHAUSTED when there is no memory. It keeps what it was made
  // from alive, so a Reload never takes it away.
  absl::StatusOr<SslPtr> NewSession(Protocol protocol) const;

  // What sessions are made from now. Sessions made from it by others speak HTTP/1 (Protocol).
  std::shared_ptr<SSL_CTX> context() const;

  // Reads the files again; new connections get what they hold. After an error the
  // certificate stays that was there. Errors as Load's.
  absl::Status Reload();

  // To be called about once a second. Reloads when a file was written, replaced, or reached by
  // another link, and two calls in a row found it the same: who replaces certificate and key takes
  // a moment for it. Nullopt when nothing was done. Costs a stat a file.
  std::optional<absl::Status> ReloadIfChanged();

  // When the server's certificate ends. Of the one that new connections get; for
  // metrics and warnings.
  int64_t expires_unix_nanos() const;
  const TlsOptions& options() const { return options_; }

 private:
  // What tells that a path leads to other bytes.
  struct Stamp {
    uint64_t device = 0;
    uint64_t inode = 0;
    int64_t changed_nanos = 0;
    int64_t size = -1;
    bool operator==(const Stamp&) const = default;
  };
  using Stamps = std::array<Stamp, 3>;
  // What the files held, exchanged as a whole.
  struct Loaded {
    std::shared_ptr<SSL_CTX> context;
    int64_t expires_unix_nanos = 0;
  };

  TlsContext(TlsOptions options, const Clock& clock);
  // Reads and checks everything before anything is changed.
  absl::StatusOr<Loaded> ReadFiles() const;
  // A file that is not there has the stamp of none.
  Stamps StampFiles() const;

  const TlsOptions options_;
  const Clock& clock_;
  Stamps tried_;  // when Reload was called last
  Stamps seen_;   // by the last ReloadIfChanged
  mutable Mutex mutex_;
  Loaded loaded_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::tls

#endif  // CAIRN_LIB_TLS_TLS_CONTEXT_H_
