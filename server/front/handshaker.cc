#include "server/front/handshaker.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/status/status.h"
#include "lib/base/clock.h"

namespace cairn::front {
namespace {

using namespace std::string_view_literals;

constexpr int kLateRoundMillis = 250;
constexpr char kTlsBegin = 0x16;  // how every TLS connection begins
constexpr std::string_view kPlainText = "it speaks plain text to a TLS port";

// SETTINGS, then GOAWAY (HTTP_1_1_REQUIRED would send clients elsewhere, so INADEQUATE_SECURITY).
constexpr std::string_view kHttp2Answer =
    "\0\0\0\x04\0\0\0\0\0"
    "\0\0\x28\x07\0\0\0\0\0\0\0\0\0\0\0\0\x0c"
    "this port speaks TLS, use https\x20"sv;
constexpr std::string_view kHttp1Answer =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 33\r\n"
    "Connection: close\r\n\r\nthis port speaks TLS, use https\r\n"sv;

int64_t MonotonicNanos() { return ForwardClock().NowUnixNanos(); }

// Reads what came, so that closing does not take the answer back, and answers.
void AnswerPlainText(int fd) {
  std::array<char, 4096> said{};
  const ssize_t have = ::recv(fd, said.data(), said.size(), MSG_DONTWAIT);
  const std::string_view begin(said.data(), have > 0 ? static_cast<size_t>(have) : 0);
  const std::string_view answer = begin.substr(0, 4) == "PRI " ? kHttp2Answer : kHttp1Answer;
  (void)::send(fd, answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  ::shutdown(fd, SHUT_WR);
  while (::recv(fd, said.data(), said.size(), MSG_DONTWAIT) > 0) {
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Handshaker>> Handshaker::Make(const tls::TlsContext& context,
                                                             size_t most_at_once,
                                                             int64_t limit_nanos) {
  UniqueFd poll(::epoll_create1(EPOLL_CLOEXEC));
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  if (!poll.ok() || !wake.ok() || ::epoll_ctl(poll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
    return absl::ResourceExhaustedError(::strerror(errno));
  }
  return std::unique_ptr<Handshaker>(
      new Handshaker(context, most_at_once, limit_nanos, std::move(poll), std::move(wake)));
}

Handshaker::Handshaker(const tls::TlsContext& context, size_t most_at_once, int64_t limit_nanos,
                       UniqueFd poll, UniqueFd wake)
    : context_(context),
      most_at_once_(most_at_once),
      limit_nanos_(limit_nanos),
      poll_(std::move(poll)),
      wake_(std::move(wake)) {}

Handshaker::~Handshaker() { Stop(); }

void Handshaker::Start(Outcomes outcomes) {
  outcomes_ = std::move(outcomes);
  running_ = true;
  thread_ = std::thread([this] { Run(); });
}

void Handshaker::Stop() {
  running_ = false;
  const uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof(one));
  if (thread_.joinable()) thread_.join();
}

void Handshaker::Add(Newcomer newcomer) {
  {
    const MutexLock lock(&mutex_);
    newcomers_.push_back(std::move(newcomer));
  }
  const uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof(one));
}

void Handshaker::Run() {
  std::array<epoll_event, 64> events{};
  while (running_) {
    const int timeout = handshakes_.empty() ? -1 : kLateRoundMillis;
    const int count = ::epoll_wait(poll_.get(), events.data(), events.size(), timeout);
    // Those that are told of here are there: only GoOn ends one before the next round.
    for (int i = 0; i < count; ++i) {
      auto* handshake = static_cast<Handshake*>(events[static_cast<size_t>(i)].data.ptr);
      if (handshake != nullptr) GoOn(*handshake);
    }
    uint64_t woken = 0;
    (void)!::read(wake_.get(), &woken, sizeof(woken));
    TakeNewcomers();
    EndLate();
  }
  while (!handshakes_.empty()) Fail(handshakes_.front(), "");
  TakeNewcomers();
  while (!handshakes_.empty()) Fail(handshakes_.front(), "");
}

void Handshaker::TakeNewcomers() {
  std::vector<Newcomer> taken;
  {
    const MutexLock lock(&mutex_);
    taken.swap(newcomers_);
  }
  for (Newcomer& newcomer : taken) Begin(std::move(newcomer));
}

void Handshaker::Begin(Newcomer newcomer) {
  if (handshakes_.size() >= most_at_once_) {
    Fail(handshakes_.front(), "too many handshakes were under way, and it was the oldest");
  }
  Handshake& handshake = handshakes_.emplace_back();
  handshake.newcomer = std::move(newcomer);
  handshake.end_nanos = MonotonicNanos() + limit_nanos_;
  const int fd = handshake.newcomer.socket.get();
  absl::StatusOr<tls::SslPtr> session = context_.NewSession(tls::Protocol::kHttp2);
  if (!session.ok()) return Fail(handshake, std::string(session.status().message()));
  handshake.tls = std::make_unique<TlsSocket>(fd, *std::move(session));
  handshake.events = EPOLLIN;
  epoll_event event{.events = EPOLLIN, .data = {.ptr = &handshake}};
  if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) Fail(handshake, ::strerror(errno));
}

void Handshaker::GoOn(Handshake& handshake) {
  if (!handshake.heard && IsPlainText(handshake)) return;
  switch (handshake.tls->Handshake()) {
    case TlsSocket::Step::kDone:
      return Succeed(handshake);
    case TlsSocket::Step::kWantsToRead:
      return Watch(handshake, EPOLLIN);
    case TlsSocket::Step::kWantsToWrite:
      return Watch(handshake, EPOLLOUT);
    case TlsSocket::Step::kFailed:
      return Fail(handshake, handshake.heard ? handshake.tls->failure() : "");
  }
}

bool Handshaker::IsPlainText(Handshake& handshake) {
  const int fd = handshake.newcomer.socket.get();
  char first = 0;
  if (::recv(fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) != 1) return false;
  handshake.heard = true;
  if (first == kTlsBegin) return false;
  AnswerPlainText(fd);
  Fail(handshake, kPlainText);
  return true;
}

void Handshaker::Watch(Handshake& handshake, uint32_t events) {
  if (handshake.events == events) return;
  handshake.events = events;
  epoll_event event{.events = events, .data = {.ptr = &handshake}};
  (void)::epoll_ctl(poll_.get(), EPOLL_CTL_MOD, handshake.newcomer.socket.get(), &event);
}

void Handshaker::EndLate() {
  const int64_t now = MonotonicNanos();
  while (!handshakes_.empty() && handshakes_.front().end_nanos <= now) {
    Fail(handshakes_.front(), "the handshake took too long");
  }
}

void Handshaker::Succeed(Handshake& handshake) {
  const TlsSocket& tls = *handshake.tls;
  if (!tls.has_protocol()) return Fail(handshake, "it did not offer HTTP/2 (ALPN \"h2\")");
  if (tls.has_certificate() && !tls.identity()) {
    return Fail(handshake, "its certificate names nobody");
  }
  Handshake done = TakeOut(handshake);
  outcomes_.welcome(std::move(done.newcomer), std::move(done.tls));
}

void Handshaker::Fail(Handshake& handshake, std::string_view why) {
  const std::string kept(why);  // it may be a part of what goes now
  const Handshake failed = TakeOut(handshake);
  if (failed.tls != nullptr) failed.tls->Finish();
  outcomes_.failed(failed.newcomer, kept);
}

Handshaker::Handshake Handshaker::TakeOut(Handshake& handshake) {
  (void)::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, handshake.newcomer.socket.get(), nullptr);
  const auto at = std::find_if(handshakes_.begin(), handshakes_.end(),
                               [&](const Handshake& one) { return &one == &handshake; });
  Handshake taken = std::move(*at);
  handshakes_.erase(at);
  return taken;
}

}  // namespace cairn::front
