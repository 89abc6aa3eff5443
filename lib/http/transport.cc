#include "lib/http/transport.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "lib/http/tcp_receipt.h"

namespace cairn::http {
namespace {

namespace asio = boost::asio;

// Finds clients that went without a word: silent for so long, then asked so often.
constexpr int kSilentSeconds = 60;
constexpr int kAskSeconds = 10;
constexpr int kAskTimes = 3;
constexpr int kUnheardMillis = (kSilentSeconds + kAskSeconds * kAskTimes) * 1000;

void KeepAlive(int fd) {
  const int on = 1;
  (void)::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &kSilentSeconds, sizeof(int));
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &kAskSeconds, sizeof(int));
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &kAskTimes, sizeof(int));
  // The same where it is the server that waits, for what it sent to be acknowledged.
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUnheardMillis, sizeof(int));
}

class PlainTransport final : public Transport {
 public:
  using Transport::Transport;

  void Handshake(Ready done) override {
    asio::post(executor(), [done = std::move(done)] { done({}); });
  }

  void AwaitRead(Ready ready) override {
    socket_.async_wait(Socket::wait_read, [self = shared_from_this(), ready = std::move(ready)](
                                              ErrorCode error) { ready(error); });
  }

  std::size_t ReadSome(char* into, std::size_t size, ErrorCode& error) override {
    return socket_.read_some(asio::buffer(into, size), error);
  }

  void Write(std::string head, std::string body, Ready sent) override {
    head_ = std::move(head);
    body_ = std::move(body);
    const std::array<asio::const_buffer, 2> both = {asio::buffer(head_), asio::buffer(body_)};
    asio::async_write(
        socket_, both,
        [this, self = shared_from_this(), sent = std::move(sent)](ErrorCode error, std::size_t) {
          head_ = std::string();
          body_ = std::string();
          sent(error);
        });
  }

  void FinishSending(Ready done) override {
    ErrorCode error;
    socket_.shutdown(Socket::shutdown_send, error);
    asio::post(executor(), [done = std::move(done), error] { done(error); });
  }

  const std::string& certificate() const override { return nobody_; }

 private:
  const std::string nobody_;
  std::string head_;  // being sent
  std::string body_;
};

}  // namespace

Transport::Transport(Socket socket) : socket_(std::move(socket)) {
  ErrorCode ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  KeepAlive(socket_.native_handle());
}

void Transport::Close(bool reset) {
  ErrorCode ignored;
  if (reset) socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

bool Transport::AllReceived() { return http::AllReceived(socket_.native_handle()); }

std::string Transport::PeerAddress() const {
  ErrorCode error;
  const auto endpoint = socket_.remote_endpoint(error);
  if (error) return "";
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" +
         std::to_string(endpoint.port());
}

std::shared_ptr<Transport> MakePlainTransport(Transport::Socket socket) {
  return std::make_shared<PlainTransport>(std::move(socket));
}

}  // namespace cairn::http
