#ifndef CAIRN_TESTS_UNIT_HTTP_RAW_CLIENT_H_
#define CAIRN_TESTS_UNIT_HTTP_RAW_CLIENT_H_

#include <optional>
#include <string>
#include <string_view>

#include "lib/http/message.h"
#include "lib/tls/openssl_handles.h"

namespace cairn::http {

// A TCP connection to 127.0.0.1 that writes bytes as given and reads answers
// by Content-Length. It gives up after 20 seconds without data, so that a
// server that hangs fails a test instead of stopping it. With a context it speaks TLS. Not
// thread-safe.
class RawClient {
 public:
  explicit RawClient(int port, SSL_CTX* tls = nullptr);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False when the connection was refused, or the handshake of TLS.
  bool connected() const { return fd_ >= 0; }
  int local_port() const;

  // Writes all of `bytes`; false when the peer has closed.
  bool Send(std::string_view bytes);
  // Says that nothing more will be sent.
  void FinishSending();

  // The next answer; nothing when the connection ends first. `has_body` is
  // false for the answer to a HEAD request.
  std::optional<Response> Read(bool has_body = true);
  std::optional<Response> Exchange(std::string_view request);

  // The next chunk of a chunked body, "" at its end; nothing when the connection ends first.
  std::optional<std::string> ReadChunk();

  // Null without TLS.
  const SSL* tls() const { return ssl_.get(); }

  // Closes; `reset` takes back what was not read.
  void Close(bool reset = false);

  // Everything up to the end of the connection. `clean` becomes whether it
  // ended by a close and not by a reset or by silence.
  std::string ReadToEnd(bool* clean = nullptr);

 private:
  bool Fill();

  int fd_ = -1;
  tls::SslPtr ssl_;
  bool clean_end_ = false;
  std::string buffer_;
};

// "GET target" with the Host header that a browser would send.
std::string Get(std::string_view target);
// A POST of a JSON body.
std::string Post(std::string_view target, std::string_view body);

}  // namespace cairn::http

#endif  // CAIRN_TESTS_UNIT_HTTP_RAW_CLIENT_H_
