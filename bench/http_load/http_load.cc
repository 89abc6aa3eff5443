#include "bench/http_load/http_load.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <utility>

#include "bench/http_load/cpu_time.h"
#include "fmt/format.h"

namespace cairn::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Where nothing is due, for as long as a server may be silent.
constexpr std::chrono::nanoseconds kPatience = std::chrono::milliseconds(100);

[[noreturn]] void Fail(std::string_view what, std::string_view text = "") {
  std::fprintf(stderr, "HTTP load: %.*s %.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(std::min<size_t>(text.size(), 1000)), text.data());
  std::exit(1);
}

double SecondsFrom(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
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
  (void)::fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

}  // namespace

// One connection with at most one request under way.
class HttpConnection {
 public:
  explicit HttpConnection(const std::string& address) : fd_(ConnectTo(address)) {}
  ~HttpConnection() { ::close(fd_); }
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  int fd() const { return fd_; }
  bool busy() const { return busy_; }
  bool unsent() const { return sent_ < request_->size(); }
  // Where the body of the next answer is appended; null, as at first: nowhere.
  void KeepBody(std::string* body) { body_ = body; }
  size_t body_size() const { return body_size_; }  // of the last answer
  SteadyClock::time_point due() const { return due_; }

  void Send(std::shared_ptr<const std::string> request, SteadyClock::time_point due) {
    busy_ = true;
    due_ = due;
    request_ = std::move(request);
    sent_ = received_ = whole_ = 0;
    Go();
  }

  // Sends and reads what is possible; true once the answer is whole.
  bool Go() {
    while (sent_ < request_->size()) {
      const ssize_t size =
          ::send(fd_, request_->data() + sent_, request_->size() - sent_, MSG_NOSIGNAL);
      if (size < 0 && errno == EAGAIN) break;
      if (size <= 0) Fail("send");
      sent_ += static_cast<size_t>(size);
    }
    for (;;) {
      const ssize_t size = ::recv(fd_, bytes_.data(), bytes_.size(), 0);
      if (size < 0 && errno == EAGAIN) return false;
      if (size <= 0) Fail("the connection ended");
      if (whole_ == 0) {
        head_.append(bytes_.data(), static_cast<size_t>(size));
        ReadHead();
      } else if (body_ != nullptr) {
        body_->append(bytes_.data(), static_cast<size_t>(size));
      }
      received_ += static_cast<size_t>(size);
      if (whole_ == 0 || received_ < whole_) continue;
      busy_ = false;
      head_.clear();
      return true;
    }
  }

 private:
  // Where the value of Content-Length begins, in any case of letters.
  static size_t LengthAt(std::string_view head) {
    constexpr std::string_view kLength = "\r\nContent-Length: ";
    for (size_t at = head.find("\r\n"); at != std::string::npos; at = head.find("\r\n", at + 2)) {
      if (head.size() - at > kLength.size() &&
          ::strncasecmp(head.data() + at, kLength.data(), kLength.size()) == 0) {
        return at + kLength.size();
      }
    }
    return std::string::npos;
  }

  void ReadHead() {
    const size_t end = head_.find("\r\n\r\n");
    if (end == std::string::npos) return;
    const size_t at = LengthAt(std::string_view(head_).substr(0, end));
    if (!head_.starts_with("HTTP/1.1 200 ") || at == std::string::npos) Fail("answer", head_);
    body_size_ = 0;
    std::from_chars(head_.data() + at, head_.data() + end, body_size_);
    whole_ = end + 4 + body_size_;
    if (body_ != nullptr) body_->append(head_, end + 4);
  }

  const int fd_;
  std::string* body_ = nullptr;
  bool busy_ = false;
  SteadyClock::time_point due_;
  std::shared_ptr<const std::string> request_;
  size_t sent_ = 0;
  size_t received_ = 0;
  size_t whole_ = 0;  // of the answer; 0: not known yet
  size_t body_size_ = 0;
  std::string head_;
  std::array<char, 64 << 10> bytes_;
};

namespace {

// The connections, and the epoll that waits for all of them.
class Connections {
 public:
  Connections(const std::string& address, int connections, const MakeRequest& make) : make_(make) {
    for (int i = 0; i < connections; ++i) {
      connections_.push_back(std::make_unique<HttpConnection>(address));
      epoll_event event{};
      event.events = EPOLLIN | EPOLLOUT | EPOLLET;
      event.data.ptr = connections_.back().get();
      if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_.back()->fd(), &event) != 0) Fail("epoll");
      idle_.push_back(connections_.back().get());
    }
  }
  ~Connections() { ::close(epoll_); }
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  HttpRate Saturate(double seconds) {
    const auto begin = SteadyClock::now();
    while (!idle_.empty()) Begin(begin);
    while (busy_ > 0) {
      Wait(kPatience);
      const bool over = SecondsFrom(begin) >= seconds;
      while (!over && !idle_.empty()) Begin(SteadyClock::now());
    }
    return Finish(begin);
  }

  HttpRate Pace(double per_second, double seconds) {
    const auto begin = SteadyClock::now();
    const auto turn = [&](int64_t i) {
      return begin + std::chrono::nanoseconds(
                         static_cast<int64_t>(static_cast<double>(i) * 1e9 / per_second));
    };
    const auto count = static_cast<int64_t>(per_second * seconds);
    for (int64_t i = 0; i < count || busy_ > 0;) {
      while (i < count && !idle_.empty() && SteadyClock::now() >= turn(i)) Begin(turn(i++));
      // Sleeps until the next turn: a client that spins would take the server's processor.
      Wait(i < count && !idle_.empty() ? turn(i) - SteadyClock::now() : kPatience);
    }
    return Finish(begin);
  }

 private:
  void Begin(SteadyClock::time_point due) {
    HttpConnection* const connection = idle_.front();
    idle_.pop_front();
    ++busy_;
    connection->Send(make_(next_++), due);
    if (!connection->busy()) End(*connection);
  }

  void End(HttpConnection& connection) {
    result_.millis.push_back(
        std::chrono::duration<double, std::milli>(SteadyClock::now() - connection.due()).count());
    --busy_;
    idle_.push_back(&connection);
  }

  void Wait(std::chrono::nanoseconds most) {
    std::array<epoll_event, 64> events;
    const int64_t nanos = std::max<int64_t>(most.count(), 0);
    const timespec timeout{nanos / 1'000'000'000, nanos % 1'000'000'000};
    const int ready = ::epoll_pwait2(epoll_, events.data(), events.size(), &timeout, nullptr);
    for (int i = 0; i < ready; ++i) {
      auto& connection = *static_cast<HttpConnection*>(events[static_cast<size_t>(i)].data.ptr);
      if (connection.busy() && connection.Go()) End(connection);
    }
  }

  HttpRate Finish(SteadyClock::time_point begin) {
    result_.per_second = static_cast<double>(result_.millis.size()) / SecondsFrom(begin);
    return std::move(result_);
  }

  const MakeRequest& make_;
  const int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::unique_ptr<HttpConnection>> connections_;
  std::deque<HttpConnection*> idle_;
  size_t busy_ = 0;
  int64_t next_ = 0;
  HttpRate result_;
};

}  // namespace

double HttpRate::Quantile(double q) const {
  if (millis.empty()) return 0;
  std::vector<double> sorted = millis;
  std::sort(sorted.begin(), sorted.end());
  const auto rank = static_cast<size_t>(std::ceil(q * static_cast<double>(sorted.size())));
  return sorted[std::max<size_t>(rank, 1) - 1];
}

std::string RequestOf(std::string_view method, std::string_view path, std::string_view content_type,
                      std::string_view body, std::string_view headers) {
  return fmt::format(
      "{} {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}\r\n{}",
      method, path, content_type, body.size(), headers, body);
}

std::string PostOf(std::string_view path, std::string_view content_type, std::string_view body,
                   std::string_view headers) {
  return RequestOf("POST", path, content_type, body, headers);
}

MakeRequest InTurn(std::vector<std::string> requests) {
  std::vector<std::shared_ptr<const std::string>> shared;
  for (std::string& request : requests) {
    shared.push_back(std::make_shared<const std::string>(std::move(request)));
  }
  return [shared = std::move(shared)](int64_t i) {
    return shared[static_cast<size_t>(i) % shared.size()];
  };
}

struct HttpCaller::Wire {
  explicit Wire(const std::string& address) : connection(address) {}

  size_t Exchange(const std::string& request, std::string* body) {
    connection.KeepBody(body);
    // Of the caller, who waits: not owned.
    connection.Send({std::shared_ptr<const void>(), &request}, SteadyClock::now());
    while (connection.busy()) {
      pollfd ready{connection.fd(), POLLIN, 0};
      if (connection.unsent()) ready.events |= POLLOUT;
      (void)::poll(&ready, 1, -1);
      (void)connection.Go();
    }
    return connection.body_size();
  }

  HttpConnection connection;
};

HttpCaller::HttpCaller(const std::string& address) : wire_(std::make_unique<Wire>(address)) {}
HttpCaller::~HttpCaller() = default;

std::string HttpCaller::Call(const std::string& request) {
  std::string body;
  (void)wire_->Exchange(request, &body);
  return body;
}

size_t HttpCaller::Fetch(const std::string& request) { return wire_->Exchange(request, nullptr); }

HttpRate RunHttpLoad(const HttpLoad& load, const MakeRequest& make) {
  const auto run = [&](double seconds) {
    Connections connections(load.address, load.connections, make);
    return load.per_second > 0 ? connections.Pace(load.per_second, seconds)
                               : connections.Saturate(seconds);
  };
  (void)run(load.seconds / 5);
  const double server_before = CpuMicrosOf(load.server);
  const double client_before = CpuMicrosOf(::getpid());
  HttpRate rate = run(load.seconds);
  const auto count = static_cast<double>(rate.millis.size());
  // A process 0 would be this one.
  if (load.server != 0) rate.server_micros = (CpuMicrosOf(load.server) - server_before) / count;
  rate.client_micros = (CpuMicrosOf(::getpid()) - client_before) / count;
  return rate;
}

}  // namespace cairn::bench
