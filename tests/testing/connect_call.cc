#include "tests/testing/connect_call.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace cairn::testing {

std::string EnvelopeOf(std::string_view message, int flags) {
  const auto size = static_cast<uint32_t>(message.size());
  std::string text = {static_cast<char>(flags), static_cast<char>(size >> 24),
                      static_cast<char>(size >> 16), static_cast<char>(size >> 8),
                      static_cast<char>(size)};
  return text.append(message);
}

ConnectCall::ConnectCall(const std::string& address, const std::string& path,
                         const std::string& type, const std::string& headers)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const size_t colon = address.rfind(':');
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
  ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &target.sin_addr);
  const timeval patience{30, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&target), sizeof(target)) != 0) Leave();
  Write("POST " + path + " HTTP/1.1\r\nHost: " + address + "\r\nContent-Type: " + type +
        "\r\nTransfer-Encoding: chunked\r\n" + headers + "\r\n");
}

ConnectCall::~ConnectCall() { Leave(); }

bool ConnectCall::Send(std::string_view bytes) {
  if (bytes.empty()) return true;
  char size[32];
  std::snprintf(size, sizeof(size), "%zx\r\n", bytes.size());
  return Write(size) && Write(bytes) && Write("\r\n");
}

bool ConnectCall::End() { return Write("0\r\n\r\n"); }

void ConnectCall::Leave() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

int ConnectCall::Status() {
  if (head_.starts_with("HTTP/1.1 100")) head_.clear();  // the answer follows
  while (head_.empty()) {
    const size_t end = received_.find("\r\n\r\n");
    if (end == std::string::npos) {
      if (!ReadMore()) return 0;
      continue;
    }
    head_ = received_.substr(0, end + 2);
    received_.erase(0, end + 4);
    const size_t length = head_.find("\r\nContent-Length: ");
    if (length != std::string::npos) left_ = std::stol(head_.substr(length + 18));
  }
  return std::stoi(head_.substr(9, 3));
}

std::optional<ConnectCall::Message> ConnectCall::Next() {
  if (Status() == 0) return std::nullopt;
  const auto read = [this](size_t bytes) {
    while (body_.size() < bytes && ReadChunk()) {
    }
    return body_.size() >= bytes;
  };
  if (!read(5)) return std::nullopt;
  uint32_t size = 0;
  for (size_t i = 1; i < 5; ++i) size = size << 8 | static_cast<uint8_t>(body_[i]);
  if (!read(5 + size)) return std::nullopt;
  Message message{static_cast<uint8_t>(body_[0]), body_.substr(5, size)};
  body_.erase(0, 5 + size);
  return message;
}

std::string ConnectCall::Rest() {
  if (Status() == 0) return "";
  while (ReadChunk()) {
  }
  return std::move(body_);
}

bool ConnectCall::Write(std::string_view text) {
  while (fd_ >= 0 && !text.empty()) {
    const ssize_t n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    text.remove_prefix(static_cast<size_t>(n));
  }
  return fd_ >= 0;
}

bool ConnectCall::ReadMore() {
  char buffer[64 << 10];
  const ssize_t n = fd_ < 0 ? -1 : ::read(fd_, buffer, sizeof(buffer));
  if (n > 0) received_.append(buffer, static_cast<size_t>(n));
  return n > 0;
}

// Moves what comes next from `received_` to `body_`; false at the end.
bool ConnectCall::ReadChunk() {
  if (whole_) return false;
  if (left_ >= 0) {
    whole_ = left_ == 0;
    if (whole_ || (received_.empty() && !ReadMore())) return false;
    const size_t taken = std::min(received_.size(), static_cast<size_t>(left_));
    body_.append(received_, 0, taken);
    received_.erase(0, taken);
    left_ -= static_cast<long>(taken);
    return true;
  }
  size_t line = 0;
  while ((line = received_.find("\r\n")) == std::string::npos) {
    if (!ReadMore()) return false;
  }
  const size_t size = std::stoul(received_.substr(0, line), nullptr, 16);
  while (received_.size() < line + 2 + size + 2) {
    if (!ReadMore()) return false;
  }
  body_.append(received_, line + 2, size);
  received_.erase(0, line + 2 + size + 2);
  whole_ = size == 0;
  return !whole_;
}

}  // namespace cairn::testing
