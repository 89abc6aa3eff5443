#include "bench/serving/http_load.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "fmt/format.h"

namespace cairn::bench {
namespace {

constexpr size_t kReadBytes = 64 << 10;

[[noreturn]] void Fail(std::string_view what, std::string_view text = "") {
  std::fprintf(stderr, "HTTP load: %.*s %.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(text.size()), text.data());
  std::exit(1);
}

int ConnectTo(const std::string& address) {
  const size_t colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::atoi(address.c_str() + colon + 1)));
  if (::inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr) != 1) Fail("address");
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) Fail("connect");
  const int on = 1;
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

// How long the answer at the beginning of `text` is; 0 while its headers are not whole.
size_t AnswerBytes(std::string_view text) {
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  const size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  const size_t at = text.substr(0, end).find(kLength);
  if (!text.starts_with("HTTP/1.1 200 ") || at == std::string_view::npos) Fail("answer", text);
  size_t length = 0;
  std::from_chars(text.data() + at + kLength.size(), text.data() + end, length);
  return end + 4 + length;
}

// One connection with one request under way.
class Connection {
 public:
  explicit Connection(const std::string& address) : fd_(ConnectTo(address)) {}
  ~Connection() { ::close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int fd() const { return fd_; }

  // Requests are small beside the socket's buffer, so this does not wait.
  void Send(const std::string& request) {
    received_.clear();
    begin_ = Clock::now();
    if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
      Fail("send");
    }
  }

  // Reads what is there; true once the answer is whole.
  bool Receive() {
    std::array<char, kReadBytes> bytes;
    const ssize_t size = ::recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size <= 0) Fail("the connection ended", received_);
    received_.append(bytes.data(), static_cast<size_t>(size));
    const size_t whole = AnswerBytes(received_);
    return whole != 0 && received_.size() >= whole;
  }

  Clock::duration took() const { return Clock::now() - begin_; }

 private:
  const int fd_;
  std::string received_;
  Clock::time_point begin_;
};

// The connections and the epoll that waits for all of them.
class Load {
 public:
  Load(const std::string& address, int connections, const MakeRequest& make) : make_(make) {
    for (int i = 0; i < connections; ++i) {
      connections_.push_back(std::make_unique<Connection>(address));
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = connections_.back().get();
      if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_.back()->fd(), &event) != 0) Fail("epoll");
    }
  }
  ~Load() { ::close(epoll_); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // Every request that was sent is answered when this returns.
  Latencies Run(double seconds) {
    Latencies latencies;
    const auto begin = Clock::now();
    for (const auto& connection : connections_) connection->Send(make_(next_++));
    for (size_t open = connections_.size(); open > 0;) {
      std::array<epoll_event, 64> events;
      const int ready = ::epoll_wait(epoll_, events.data(), events.size(), -1);
      const bool over = SecondsSince(begin) >= seconds;
      for (int i = 0; i < ready; ++i) {
        auto& connection = *static_cast<Connection*>(events[static_cast<size_t>(i)].data.ptr);
        if (!connection.Receive()) continue;
        latencies.Add(connection.took());
        if (over) {
          --open;
        } else {
          connection.Send(make_(next_++));
        }
      }
    }
    return latencies;
  }

 private:
  const MakeRequest& make_;
  const int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::unique_ptr<Connection>> connections_;
  int64_t next_ = 0;
};

}  // namespace

std::string PostOf(std::string_view path, std::string_view content_type, std::string_view body,
                   std::string_view headers) {
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}\r\n{}",
      path, content_type, body.size(), headers, body);
}

ReadRate TimeHttp(const std::string& address, pid_t server, double seconds, int connections,
                  const MakeRequest& make) {
  Load load(address, connections, make);
  (void)load.Run(seconds / 10);  // caches are warm then, and threads are there
  const double server_before = CpuMicrosOf(server);
  const double client_before = CpuMicrosOf(::getpid());
  const auto begin = Clock::now();
  ReadRate result;
  result.rate.latencies = load.Run(seconds);
  const auto count = static_cast<double>(result.rate.latencies.size());
  result.rate.per_second = count / SecondsSince(begin);
  result.server_micros = (CpuMicrosOf(server) - server_before) / count;
  result.client_micros = (CpuMicrosOf(::getpid()) - client_before) / count;
  return result;
}

}  // namespace cairn::bench
