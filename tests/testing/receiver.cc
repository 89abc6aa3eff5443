#include "tests/testing/receiver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "lib/base/encoding.h"

namespace cairn::testing {

std::string Receiver::Received::Header(const std::string& name) const {
  const std::string lower = AsciiLower(head);
  const size_t at = lower.find("\r\n" + AsciiLower(name) + ": ");
  if (at == std::string::npos) return "";
  const size_t begin = at + 2 + name.size() + 2;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

Receiver::Receiver(int port) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int yes = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, any, size) != 0 || ::listen(listener_, 16) != 0) std::abort();
  ::getsockname(listener_, any, &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Serve(); });
}

Receiver::~Receiver() {
  stopping_ = true;
  thread_.join();
  ::close(listener_);
}

void Receiver::Answer(const std::string& answer) {
  const std::lock_guard lock(mutex_);
  answer_ = answer;
}

std::vector<Receiver::Received> Receiver::Wait(size_t count, std::chrono::seconds patience) const {
  std::unique_lock lock(mutex_);
  came_.wait_for(lock, patience, [&] { return received_.size() >= count; });
  return received_;
}

void Receiver::Serve() {
  while (!stopping_) {
    pollfd waits{listener_, POLLIN, 0};
    if (::poll(&waits, 1, 20) <= 0) continue;
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    Take(connection);
    ::close(connection);
  }
}

void Receiver::Take(int connection) {
  const timeval patience{2, 0};
  ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  std::string text;
  size_t whole = std::string::npos;
  std::array<char, 4096> part{};
  Received received;
  while (text.size() < whole) {
    const ssize_t got = ::recv(connection, part.data(), part.size(), 0);
    if (got <= 0) return;
    text.append(part.data(), static_cast<size_t>(got));
    const size_t end = text.find("\r\n\r\n");
    if (whole != std::string::npos || end == std::string::npos) continue;
    received.head = text.substr(0, end + 2);
    whole = end + 4 + static_cast<size_t>(std::atoll(received.Header("Content-Length").c_str()));
  }
  received.body = text.substr(received.head.size() + 2);
  std::string answer;
  {
    const std::lock_guard lock(mutex_);
    received_.push_back(std::move(received));
    answer = "HTTP/1.1 " + answer_ + "Content-Length: 15\r\n\r\nan inner secret";
  }
  came_.notify_all();
  ::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
}

}  // namespace cairn::testing
