#include "lib/http/tls_transport.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <string_view>
#include <utility>

#include "lib/tls/certificate_identity.h"

namespace cairn::http {
namespace {

namespace asio = boost::asio;

constexpr char kTlsBegin = 0x16;  // how every TLS connection begins
constexpr std::size_t kRecordBytes = 16 << 10;
constexpr std::size_t kRecordsAtOnce = 2;
constexpr int kMostFills = 4;                    // in one ReadSome: others have their turn
constexpr std::size_t kMostOwedBytes = 4 << 10;  // made by reading, while the client takes nothing
constexpr std::string_view kPlainAnswer =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 33\r\n"
    "Connection: close\r\n\r\nthis port speaks TLS, use https\r\n";

BIO* NewMemory() {
  BIO* memory = BIO_new(BIO_s_mem());
  if (memory != nullptr) BIO_set_mem_eof_return(memory, -1);  // empty is not the end
  return memory;
}

}  // namespace

TlsTransport::TlsTransport(Socket socket, tls::SslPtr ssl)
    : Transport(std::move(socket)), ssl_(std::move(ssl)) {
  SSL_set_bio(ssl_.get(), NewMemory(), NewMemory());
}

void TlsTransport::Handshake(Ready done) {
  handshaken_ = std::move(done);
  AwaitRead([this](ErrorCode error) {
    if (!error) Fill(error);
    if (error && error != asio::error::would_block) return EndHandshake(error);
    GoOn();
  });
}

void TlsTransport::GoOn() {
  if (broken_) return EndHandshake(asio::error::connection_aborted);
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  const int why = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), result);
  Flush();
  if (result == 1) return EndHandshake({});
  if (why != SSL_ERROR_WANT_READ) return EndHandshake(asio::error::connection_refused);
  AwaitRead([this](ErrorCode error) {
    if (!error) Fill(error);
    if (error && error != asio::error::would_block) return EndHandshake(error);
    GoOn();
  });
}

// A certificate that names nobody is as good as a forged one.
void TlsTransport::EndHandshake(ErrorCode error) {
  if (!error && SSL_get0_peer_certificate(ssl_.get()) != nullptr) {
    auto identity = tls::PeerIdentity(*ssl_);
    if (identity.has_value()) {
      certificate_ = std::move(identity->principal);
    } else {
      error = asio::error::no_permission;
    }
  }
  maybe_more_ = true;
  const Ready done = std::exchange(handshaken_, nullptr);
  asio::post(executor(), [self = shared_from_this(), done, error] { done(error); });
}

void TlsTransport::AwaitRead(Ready ready) {
  if (maybe_more_) {
    asio::post(executor(),
               [self = shared_from_this(), ready = std::move(ready)] { ready(ErrorCode()); });
    return;
  }
  socket_.async_wait(Socket::wait_read, [self = shared_from_this(), ready = std::move(ready)](
                                            ErrorCode error) { ready(error); });
}

void TlsTransport::Fill(ErrorCode& error) {
  std::array<char, kRecordBytes> bytes;
  const std::size_t size = socket_.read_some(asio::buffer(bytes), error);
  if (size == 0) return;
  if (!heard_ && bytes.front() != kTlsBegin) {
    AnswerPlainText();
    error = asio::error::connection_refused;
    return;
  }
  heard_ = true;
  BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(size));
}

void TlsTransport::AnswerPlainText() {
  ErrorCode ignored;
  socket_.write_some(asio::buffer(kPlainAnswer.data(), kPlainAnswer.size()), ignored);
  socket_.shutdown(Socket::shutdown_send, ignored);
  // What he goes on sending would take the answer back from him.
  std::array<char, kRecordBytes> bytes;
  while (socket_.read_some(asio::buffer(bytes), ignored) > 0) {
  }
}

std::size_t TlsTransport::ReadSome(char* into, std::size_t size, ErrorCode& error) {
  maybe_more_ = false;
  for (int fills = 0;; ++fills) {
    if (broken_) {
      error = asio::error::connection_aborted;
      return 0;
    }
    ERR_clear_error();
    const int result = SSL_read(ssl_.get(), into, static_cast<int>(size));
    const int why = result > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), result);
    Flush();
    if (result > 0) {
      maybe_more_ = true;
      error = {};
      return static_cast<std::size_t>(result);
    }
    if (why != SSL_ERROR_WANT_READ) {
      const bool ended = why == SSL_ERROR_ZERO_RETURN;
      error = ended ? ErrorCode(asio::error::eof) : ErrorCode(asio::error::connection_aborted);
      return 0;
    }
    error = asio::error::would_block;
    if (fills < kMostFills) Fill(error = {});
    if (error) return 0;
  }
}

void TlsTransport::Write(std::string head, std::string body, Ready sent) {
  plain_ = std::move(head);
  next_ = std::move(body);
  encrypted_ = 0;
  if (plain_.size() + next_.size() <= kRecordBytes) plain_ += std::exchange(next_, {});
  sent_ = std::move(sent);
  Flush();
}

// False: OpenSSL cannot go on.
bool TlsTransport::Encrypt() {
  for (std::size_t records = 0; records < kRecordsAtOnce; ++records) {
    if (encrypted_ == plain_.size()) {
      plain_ = std::exchange(next_, {});
      encrypted_ = 0;
    }
    const std::size_t size = std::min(plain_.size() - encrypted_, kRecordBytes);
    if (size == 0) return true;
    ERR_clear_error();
    const int result = SSL_write(ssl_.get(), plain_.data() + encrypted_, static_cast<int>(size));
    if (result <= 0) return false;
    encrypted_ += static_cast<std::size_t>(result);
  }
  return true;
}

void TlsTransport::Flush() {
  BIO* made = SSL_get_wbio(ssl_.get());
  if (!sending_.empty()) {
    broken_ = broken_ || BIO_pending(made) > static_cast<int>(kMostOwedBytes);
    return;
  }
  if (sent_ != nullptr && !broken_) broken_ = !Encrypt();
  const int size = static_cast<int>(BIO_pending(made));
  if (size <= 0) {
    if (sent_ == nullptr) return;
    const Ready sent = std::exchange(sent_, nullptr);
    const ErrorCode error = broken_ ? ErrorCode(asio::error::connection_aborted) : ErrorCode();
    asio::post(executor(), [self = shared_from_this(), sent, error] { sent(error); });
    return;
  }
  sending_.resize(static_cast<std::size_t>(size));
  BIO_read(made, sending_.data(), size);
  asio::async_write(
      socket_, asio::buffer(sending_),
      [this, self = shared_from_this()](ErrorCode error, std::size_t) { OnSent(error); });
}

void TlsTransport::OnSent(ErrorCode error) {
  sending_ = std::string();
  if (error) {
    broken_ = true;
    plain_ = next_ = std::string();
    encrypted_ = 0;
  }
  Flush();
}

void TlsTransport::FinishSending(Ready done) {
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  sent_ = [this, done = std::move(done)](ErrorCode error) {
    if (!error) socket_.shutdown(Socket::shutdown_send, error);
    done(error);
  };
  Flush();
}

}  // namespace cairn::http
