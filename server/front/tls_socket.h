#ifndef CAIRN_SERVER_FRONT_TLS_SOCKET_H_
#define CAIRN_SERVER_FRONT_TLS_SOCKET_H_

#include <sys/socket.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/mutex.h"
#include "lib/tls/certificate_identity.h"
#include "lib/tls/openssl_handles.h"

namespace cairn::front {

// The server's end of TLS on one socket, with the faces of the system calls by which gRPC reads
// and writes: who reads through it gets what the client meant, and who writes is encrypted.
//
// It keeps what gRPC rests on. Receive says EAGAIN, or that nothing is left (TCP_INQ), only when
// neither the kernel nor OpenSSL holds anything for the reader, so that the next byte brings an
// edge of epoll. Send says EAGAIN only when the kernel takes nothing more, and is then to be called
// with the same bytes, as after the call it stands for. What reading has to send (an answer to
// a change of keys) never waits: a little of it is kept and goes with the next Send.
//
// Does not own the descriptor, which does not block and stays open as long as this lives.
// Handshake is for one thread, before everything else. Then one thread may receive while another
// sends; Finish is for the last of them.
class TlsSocket {
 public:
  // What Handshake waits for now. kDone and kFailed are the last.
  enum class Step : uint8_t { kDone, kWantsToRead, kWantsToWrite, kFailed };

  TlsSocket(int fd, tls::SslPtr ssl);
  ~TlsSocket();
  TlsSocket(const TlsSocket&) = delete;
  TlsSocket& operator=(const TlsSocket&) = delete;

  // Goes on with the handshake as far as the socket lets it. It takes no byte behind the
  // handshake from the kernel, so whoever watches the socket next is woken by it.
  Step Handshake() CAIRN_EXCLUDES(mutex_);

  // Why the last step failed, for the log.
  const std::string& failure() const { return failure_; }

  // Whether a protocol was agreed on (ALPN); and who the client is, if its certificate
  // says so. Both are known when the handshake is done.
  bool has_protocol() const;
  bool has_certificate() const;
  std::optional<tls::CertificateIdentity> identity() const;

  // As recvmsg of a stream: the number of bytes, 0 at the end, -1 and errno else. Of control
  // messages there is TCP_INQ if there is room for it: 0 when nothing is left, else 1.
  ssize_t Receive(msghdr* message) CAIRN_EXCLUDES(mutex_);

  // As sendmsg. Small pieces of the message share a record.
  ssize_t Send(const msghdr& message) CAIRN_EXCLUDES(mutex_);

  // Says goodbye (close_notify) if the socket takes it. It does not wait for the
  // client's answer. Nothing where the handshake was not done.
  void Finish() CAIRN_EXCLUDES(mutex_);

  // How OpenSSL reads and writes the socket; for the BIO alone.
  ssize_t ReadRaw(char* out, size_t size) CAIRN_NO_ANALYSIS;
  ssize_t WriteRaw(const char* bytes, size_t size) CAIRN_NO_ANALYSIS;
  bool at_end() const CAIRN_NO_ANALYSIS { return ended_; }

 private:
  // Encrypts the next of the message, a batch at most; how many of its bytes. Sends nothing.
  size_t Encrypt(const msghdr& message) CAIRN_REQUIRES(mutex_);
  // False when the kernel did not take all that is owed.
  bool PayOwed() CAIRN_REQUIRES(mutex_);
  // Reads into the pieces of the message and returns how many bytes it got.
  size_t Fill(const msghdr& message) CAIRN_REQUIRES(mutex_);
  // What a failed call means for the reader: whether all is read, over or broken.
  void JudgeRead(int result) CAIRN_REQUIRES(mutex_);
  void Break(std::string_view why) CAIRN_REQUIRES(mutex_);

  const int fd_;
  Mutex mutex_;
  const tls::SslPtr ssl_;
  std::string failure_;
  bool broken_ CAIRN_GUARDED_BY(mutex_) = false;   // nothing works any more
  bool ended_ CAIRN_GUARDED_BY(mutex_) = false;    // the client sends nothing more
  bool drained_ CAIRN_GUARDED_BY(mutex_) = false;  // the kernel had nothing left, in this Receive
  bool reading_ CAIRN_GUARDED_BY(mutex_) = false;  // in Receive
  size_t allowed_ CAIRN_GUARDED_BY(mutex_) = 0;    // bytes of the kernel, in this Receive
  bool handshaken_ CAIRN_GUARDED_BY(mutex_) = false;
  // Encrypted and to be sent, in order: what writes and reading made.
  std::string owed_ CAIRN_GUARDED_BY(mutex_);
  // Bytes of the message that Send said EAGAIN to whose records are owed.
  size_t accepted_ CAIRN_GUARDED_BY(mutex_) = 0;
};

}  // namespace cairn::front

#endif  // CAIRN_SERVER_FRONT_TLS_SOCKET_H_
