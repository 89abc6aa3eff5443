#include "server/front/acceptor.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/observability/log.h"

namespace cairn::front {
namespace {

using observability::Log;
using observability::LogLevel;

constexpr int kRoundMillis = 1000;
constexpr int kExhaustedRoundMillis = 50;
constexpr int kAcceptsPerRound = 256;
constexpr int64_t kHangNanos = 10 * kNanosPerSecond;
// What a connection of an address that misbehaves may do, as a part of what others may.
constexpr int64_t kSuspectShare = 16;
constexpr int64_t kReportNanos = 10 * kNanosPerSecond;

int64_t Now() { return ForwardClock().NowUnixNanos(); }

// Needs no file, which may not be there.
UniqueFd OpenSpare() { return UniqueFd(::eventfd(0, EFD_CLOEXEC)); }

bool IsExhaustion(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

// What gRPC sets on sockets that it accepts itself.
void SetUp(int fd, int user_timeout_millis) {
  const int on = 1;
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_millis,
                     sizeof(user_timeout_millis));
}

absl::Status Refusing(absl::StatusCode code, ErrorReason reason, std::string_view why) {
  return Error(code, reason, fmt::format("the gRPC port takes no new connections: {}", why))
      .ToStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Acceptor>> Acceptor::Bind(AcceptorOptions options) {
  absl::StatusOr<Listeners> listeners = Listen(options.address);
  if (!listeners.ok()) return listeners.status();
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.ok()) return absl::ResourceExhaustedError(::strerror(errno));
  std::unique_ptr<Handshaker> handshaker;
  if (options.tls != nullptr) {
    CAIRN_ASSIGN_OR_RETURN(handshaker, Handshaker::Make(*options.tls));
  }
  return std::unique_ptr<Acceptor>(new Acceptor(std::move(options), *std::move(listeners),
                                                std::move(wake), std::move(handshaker)));
}

Acceptor::Acceptor(AcceptorOptions options, Listeners listeners, UniqueFd wake,
                   std::unique_ptr<Handshaker> handshaker)
    : options_(std::move(options)),
      listeners_(std::move(listeners)),
      wake_(std::move(wake)),
      spare_(OpenSpare()),
      counts_(std::make_shared<ConnectionCounts>(options_.limits)),
      handshaker_(std::move(handshaker)),
      exhausted_(!spare_.ok()) {}

Acceptor::~Acceptor() { Stop(); }

void Acceptor::Start(Take take) {
  take_ = std::move(take);
  beat_nanos_ = Now();
  running_ = true;
  if (handshaker_ != nullptr) {
    handshaker_->Start(
        {[this](Newcomer newcomer, std::unique_ptr<TlsSocket> tls) {
           auto peer = std::make_unique<KnownPeer>(Peer{newcomer.address, tls->identity()});
           HandOn(std::move(newcomer), {std::move(tls), std::move(peer)});
         },
         [this](const Newcomer& newcomer, std::string_view why) { Refuse(newcomer, why); }});
  }
  thread_ = std::thread([this] { Run(); });
}

void Acceptor::Stop() {
  running_ = false;
  const uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof(one));
  if (thread_.joinable()) thread_.join();
  if (handshaker_ != nullptr) handshaker_->Stop();
  listeners_.sockets.clear();
}

absl::Status Acceptor::Health() const {
  if (!running_) {
    return Refusing(absl::StatusCode::kUnavailable, ErrorReason::SHUTTING_DOWN,
                    "it does not accept");
  }
  if (Now() - beat_nanos_ > kHangNanos) {
    return Refusing(absl::StatusCode::kUnavailable, ErrorReason::QUEUE_FULL,
                    "nothing was accepted for 10 s, as the thread that does it hangs");
  }
  if (exhausted_) {
    return Refusing(absl::StatusCode::kResourceExhausted, ErrorReason::QUEUE_FULL,
                    "the process has no descriptors left");
  }
  if (counts_->totals().open >= options_.limits.total) {
    return Refusing(absl::StatusCode::kResourceExhausted, ErrorReason::QUEUE_FULL,
                    fmt::format("all {} are in use", options_.limits.total));
  }
  return absl::OkStatus();
}

void Acceptor::Run() {
  std::vector<pollfd> polled{{wake_.get(), POLLIN, 0}};
  for (const UniqueFd& listener : listeners_.sockets) {
    polled.push_back({listener.get(), POLLIN, 0});
  }
  while (running_) {
    // Without a spare nobody can even be refused, so nobody is waited for.
    const nfds_t watched = spare_.ok() ? polled.size() : 1;
    ::poll(polled.data(), watched, exhausted_ ? kExhaustedRoundMillis : kRoundMillis);
    beat_nanos_ = Now();
    if (exhausted_) CheckDescriptors();
    for (const UniqueFd& listener : listeners_.sockets) AcceptSome(listener.get());
    Report();
  }
}

void Acceptor::AcceptSome(int listener) {
  for (int i = 0; i < kAcceptsPerRound && running_ && AcceptOne(listener); ++i) {
  }
}

bool Acceptor::AcceptOne(int listener) {
  sockaddr_storage peer{};
  socklen_t size = sizeof(peer);
  UniqueFd socket(
      ::accept4(listener, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket.ok()) {
    Welcome(std::move(socket), peer);
    return true;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
  if (!IsExhaustion(errno)) return true;  // the error of a connection that is gone already
  exhausted_ = true;
  RefuseWithSpare(listener);
  return spare_.ok();
}

void Acceptor::Welcome(UniqueFd socket, const sockaddr_storage& peer) {
  const Origin origin = Origin::Of(peer);
  const ConnectionCounts::Answer answer = counts_->Admit(origin, Now());
  const bool suspect = answer == ConnectionCounts::Answer::kSuspect;
  if (answer != ConnectionCounts::Answer::kWelcome && !suspect) return;
  SetUp(socket.get(), options_.user_timeout_millis);
  Newcomer newcomer{std::move(socket), origin, "", suspect};
  if (handshaker_ == nullptr) return HandOn(std::move(newcomer), {});
  newcomer.address = AddressText(peer);
  handshaker_->Add(std::move(newcomer));
}

void Acceptor::HandOn(Newcomer newcomer, TlsEnd tls) {
  const Origin origin = newcomer.origin;
  const bool guarded = GuardSocket(
      newcomer.socket.get(), Http2FrameGuard(newcomer.suspect ? kSuspectShare : 1, crowd_resets_),
      [counts = counts_, origin](Misuse misuse) { counts->Cut(origin, misuse); },
      [counts = counts_, origin] { counts->Leave(origin); }, std::move(tls));
  if (guarded) {
    take_(newcomer.socket.Release());
  } else {
    counts_->Leave(origin);
    counts_->CountRefusal();
  }
}

void Acceptor::Refuse(const Newcomer& newcomer, std::string_view why) {
  if (!why.empty()) counts_->FailHandshake(newcomer.address, why);
  counts_->Leave(newcomer.origin);
}

void Acceptor::RefuseWithSpare(int listener) {
  if (!spare_.ok()) return;
  spare_.Reset();
  {
    const UniqueFd refused(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    if (refused.ok()) counts_->CountRefusal();
  }
  spare_ = OpenSpare();
}

void Acceptor::CheckDescriptors() {
  if (!spare_.ok()) spare_ = OpenSpare();
  exhausted_ = !spare_.ok() || !OpenSpare().ok();
}

void Acceptor::Report() {
  if (Now() - reported_nanos_ < kReportNanos) return;
  const ConnectionCounts::Totals totals = counts_->totals();
  const bool refused = totals.refused != reported_.refused || totals.cut != reported_.cut;
  const bool failed = totals.handshakes_failed != reported_.handshakes_failed;
  if (!refused && !failed) return;
  if (refused) ReportRefused(totals);
  if (failed) ReportHandshakes(totals);
  reported_ = totals;
  reported_nanos_ = Now();
}

void Acceptor::ReportRefused(const ConnectionCounts::Totals& totals) {
  Log(LogLevel::kWarning, "gRPC connections were refused or cut",
      {{"open", std::to_string(totals.open)},
       {"refused", std::to_string(totals.refused - reported_.refused)},
       {"cut", std::to_string(totals.cut - reported_.cut)},
       {"last_cut_for", std::string(NameOf(totals.last_misuse))}});
}

void Acceptor::ReportHandshakes(const ConnectionCounts::Totals& totals) {
  Log(LogLevel::kWarning, "connections to the gRPC port failed in the TLS handshake",
      {{"failed", std::to_string(totals.handshakes_failed - reported_.handshakes_failed)},
       {"last_address", totals.last_failed_address},
       {"last_reason", totals.last_failure}});
}

}  // namespace cairn::front
