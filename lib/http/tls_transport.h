#ifndef CAIRN_LIB_HTTP_TLS_TRANSPORT_H_
#define CAIRN_LIB_HTTP_TLS_TRANSPORT_H_

// Internal to lib/http: shows Boost. Include http_server.h.

#include <cstddef>
#include <memory>
#include <string>

#include "lib/http/transport.h"
#include "lib/tls/openssl_handles.h"

namespace cairn::http {

// TLS over a socket, the server's side.
//
// OpenSSL reads and writes memory; this carries bytes between it and the socket. So neither
// reading nor writing ever waits for the other, and what reading has to send (the answer to
// a change of keys, an alert) goes with the next write or by itself. At most a record or two are
// held each way. A client that has OpenSSL owe him more than that while he takes nothing is cut
// off.
//
// Handshake fails when the client speaks plain text (he is told), is not accepted by the context,
// or shows a certificate that names nobody.
class TlsTransport final : public Transport {
 public:
  TlsTransport(Socket socket, tls::SslPtr ssl);

  void Handshake(Ready done) override;
  void AwaitRead(Ready ready) override;
  std::size_t ReadSome(char* into, std::size_t size, ErrorCode& error) override;
  void Write(std::string head, std::string body, Ready sent) override;
  void FinishSending(Ready done) override;
  const std::string& certificate() const override { return certificate_; }

 private:
  void GoOn();  // with the handshake
  void EndHandshake(ErrorCode error);
  void AnswerPlainText();
  // Gives OpenSSL what the socket has.
  void Fill(ErrorCode& error);
  // Encrypts what is left of a Write, a record at a time, and sends what OpenSSL has made.
  void Flush();
  bool Encrypt();
  void OnSent(ErrorCode error);

  const tls::SslPtr ssl_;
  std::string certificate_;
  Ready handshaken_;
  bool heard_ = false;       // something came from the client
  bool maybe_more_ = false;  // OpenSSL may hold what the socket does not tell of

  std::string plain_;  // of a Write
  std::string next_;   // and what follows it
  std::size_t encrypted_ = 0;
  Ready sent_;
  std::string sending_;  // bytes for the socket
  bool broken_ = false;
};

}  // namespace cairn::http

#endif  // CAIRN_LIB_HTTP_TLS_TRANSPORT_H_
