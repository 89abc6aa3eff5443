#include "tests/unit/http/raw_client.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <utility>

namespace cairn::http {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Parses the status line and headers of `head`, without the blank line.
Response ParseHead(std::string_view head) {
  Response response;
  response.status = std::atoi(std::string(head.substr(9, 3)).c_str());
  std::size_t line = head.find("\r\n");
  while (line != std::string_view::npos) {
    const std::size_t begin = line + 2;
    line = head.find("\r\n", begin);
    const std::string_view field = head.substr(begin, line - begin);
    const std::size_t colon = field.find(": ");
    if (colon == std::string_view::npos) continue;
    response.headers.push_back(
        {std::string(field.substr(0, colon)), std::string(field.substr(colon + 2))});
  }
  return response;
}

}  // namespace

RawClient::RawClient(int port, SSL_CTX* tls) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
  const timeval patience = {20, 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  const sockaddr_in address = Loopback(port);
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    Close();
    return;
  }
  if (tls == nullptr) return;
  signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  ssl_.reset(SSL_new(tls));
  SSL_set_fd(ssl_.get(), fd_);
  if (SSL_connect(ssl_.get()) != 1) Close();
}

RawClient::~RawClient() { Close(); }

void RawClient::Close(bool reset) {
  const linger none = {1, 0};
  if (reset) setsockopt(fd_, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
  ssl_.reset();
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

int RawClient::local_port() const {
  sockaddr_in address = {};
  socklen_t size = sizeof(address);
  getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ssl_ != nullptr
                             ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                             : send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawClient::FinishSending() {
  if (ssl_ != nullptr) SSL_shutdown(ssl_.get());
  shutdown(fd_, SHUT_WR);
}

bool RawClient::Fill() {
  char chunk[16384];
  const ssize_t got = ssl_ != nullptr ? SSL_read(ssl_.get(), chunk, sizeof(chunk))
                                      : recv(fd_, chunk, sizeof(chunk), 0);
  clean_end_ = got == 0;
  if (got <= 0) return false;
  buffer_.append(chunk, static_cast<std::size_t>(got));
  return true;
}

std::optional<Response> RawClient::Read(bool has_body) {
  std::size_t end;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) return std::nullopt;
  }
  Response response = ParseHead(std::string_view(buffer_).substr(0, end));
  buffer_.erase(0, end + 4);
  const std::string* length = FindHeader(response.headers, "Content-Length");
  const std::size_t size = has_body && length != nullptr ? std::stoul(*length) : 0;
  while (buffer_.size() < size) {
    if (!Fill()) return std::nullopt;
  }
  response.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return response;
}

std::optional<std::string> RawClient::ReadChunk() {
  std::size_t end;
  while ((end = buffer_.find("\r\n")) == std::string::npos) {
    if (!Fill()) return std::nullopt;
  }
  const std::size_t size = std::stoul(buffer_.substr(0, end), nullptr, 16);
  while (buffer_.size() < end + 2 + size + 2) {
    if (!Fill()) return std::nullopt;
  }
  std::string chunk = buffer_.substr(end + 2, size);
  buffer_.erase(0, end + 2 + size + 2);
  return chunk;
}

std::optional<Response> RawClient::Exchange(std::string_view request) {
  if (!Send(request)) return std::nullopt;
  return Read();
}

std::string RawClient::ReadToEnd(bool* clean) {
  while (Fill()) {
  }
  if (clean != nullptr && ssl_ != nullptr) {
    *clean = (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  } else if (clean != nullptr) {
    *clean = clean_end_;
  }
  return std::exchange(buffer_, {});
}

std::string Get(std::string_view target) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", target);
}

std::string Post(std::string_view target, std::string_view body) {
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: {}\r\n\r\n{}",
      target, body.size(), body);
}

}  // namespace cairn::http
