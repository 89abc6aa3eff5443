#include "lib/http/http_server.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstring>
#include <exception>
#include <future>
#include <string_view>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "lib/base/status_macros.h"
#include "lib/http/host_port.h"
#include "lib/http/session.h"
#include "lib/http/tls_transport.h"
#include "lib/tls/tls_context.h"

namespace cairn::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr std::chrono::milliseconds kDestructorDrain{5'000};
// After a failed accept, usually for want of file descriptors.
constexpr std::chrono::milliseconds kAcceptPause{100};

absl::StatusOr<tcp::endpoint> Resolve(asio::io_context& io, const std::string& address) {
  CAIRN_ASSIGN_OR_RETURN(const HostPort split, ParseHostPort(address));
  ErrorCode error;
  tcp::resolver resolver(io);
  const auto found = resolver.resolve(split.host, split.port, error);
  if (error || found.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("HTTP address \"{}\" does not resolve: {}", address, error.message()));
  }
  return found.begin()->endpoint();
}

absl::Status CheckOptions(const HttpServerOptions& options) {
  if (options.threads < 1 || options.threads > 64) {
    return absl::InvalidArgumentError(
        fmt::format("HTTP threads must be 1 to 64, not {}", options.threads));
  }
  const HttpLimits& limits = options.limits;
  const std::chrono::milliseconds zero{0};
  if (limits.max_header_bytes == 0 || limits.max_connections == 0 || limits.read_timeout <= zero ||
      limits.write_timeout <= zero || limits.idle_timeout <= zero ||
      limits.handshake_timeout <= zero) {
    return absl::InvalidArgumentError("HTTP limits must be positive");
  }
  return absl::OkStatus();
}

std::string Format(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", host, endpoint.port())
                                    : fmt::format("{}:{}", host, endpoint.port());
}

}  // namespace

// Owns the threads and the listening socket. The io_context outlives both; the
// sessions in it hold the shared context themselves.
class HttpServer::Impl {
 public:
  Impl(HttpServerOptions options, Router router)
      : options_(std::move(options)),
        router_(std::move(router)),
        io_(options_.threads),
        strand_(asio::make_strand(io_)),
        acceptor_(strand_),
        pause_(strand_) {}

  absl::Status Listen();
  void Run();
  void Stop(std::chrono::milliseconds drain);

  const tcp::endpoint& endpoint() const { return endpoint_; }
  std::size_t connections() const { return context_->registry.size(); }
  std::size_t waiting() const { return context_->waiting.load(); }

 private:
  void Accept();
  void OnAccept(ErrorCode error, tcp::socket socket);
  bool MakeRoom();
  bool Enter(const tcp::socket& socket, std::shared_ptr<void>& place) const;
  std::shared_ptr<Transport> MakeTransport(tcp::socket socket);
  void RunThread();

  HttpServerOptions options_;
  Router router_;
  asio::thread_pool worker_{1};  // for slow routes; outlives the sessions in the io_context
  asio::io_context io_;
  // Accepting and stopping take turns on this strand.
  asio::strand<asio::io_context::executor_type> strand_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  tcp::endpoint endpoint_;
  std::shared_ptr<SessionContext> context_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopped_ = false;
};

absl::Status HttpServer::Impl::Listen() {
  CAIRN_ASSIGN_OR_RETURN(endpoint_, Resolve(io_, options_.address));
  ErrorCode error;
  acceptor_.open(endpoint_.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint_, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (!error) endpoint_ = acceptor_.local_endpoint(error);
  if (error) {
    return absl::FailedPreconditionError(
        fmt::format("cannot listen on HTTP address {}: {}", options_.address, error.message()));
  }
  HostPolicy hosts(endpoint_.address().to_string(), options_.allowed_hosts);
  context_ = std::make_shared<SessionContext>(
      options_.limits, options_.tls != nullptr,
      Dispatcher(std::move(router_), std::move(hosts), options_.authorize), options_.observe,
      worker_);
  return absl::OkStatus();
}

void HttpServer::Impl::Run() {
  asio::post(strand_, [this] { Accept(); });
  for (int i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this] { RunThread(); });
  }
}

// Until Stop, the pending accept keeps the io_context busy; afterwards run()
// returns when the last session is gone.
void HttpServer::Impl::RunThread() {
  for (;;) {
    try {
      io_.run();
      return;
    } catch (const std::exception&) {
      // Out of memory in one session: its operations end with it; others go on.
    }
  }
}

void HttpServer::Impl::Accept() {
  acceptor_.async_accept(asio::make_strand(io_), [this](ErrorCode error, tcp::socket socket) {
    OnAccept(error, std::move(socket));
  });
}

void HttpServer::Impl::OnAccept(ErrorCode error, tcp::socket socket) {
  if (stopped_) return;
  if (error) {
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](ErrorCode) {
      if (!stopped_) Accept();
    });
    return;
  }
  if (context_->registry.size() < 2 * options_.limits.max_connections) {
    const bool rejected = !MakeRoom();
    std::shared_ptr<void> place;
    auto transport = Enter(socket, place) ? MakeTransport(std::move(socket)) : nullptr;
    if (transport != nullptr) {
      auto session = std::make_shared<Session>(std::move(transport), context_, std::move(place));
      context_->registry.Add(session);
      session->Start(rejected);
    }
  }
  Accept();
}

// Whether there is room for one more: where there is none, who waits for longest goes.
bool HttpServer::Impl::MakeRoom() {
  SessionRegistry& registry = context_->registry;
  if (registry.staying() < options_.limits.max_connections) return true;
  const std::shared_ptr<Session> longest = registry.LongestWaiting();
  if (longest != nullptr) longest->GiveWay();
  return longest != nullptr;
}

// Whether the gate lets it in.
bool HttpServer::Impl::Enter(const tcp::socket& socket, std::shared_ptr<void>& place) const {
  if (options_.gate == nullptr) return true;
  ErrorCode error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  if (error) return false;
  sockaddr_storage address{};
  std::memcpy(&address, peer.data(), std::min(sizeof(address), peer.size()));
  place = options_.gate(address);
  return place != nullptr;
}

// Null: there is no memory for it.
std::shared_ptr<Transport> HttpServer::Impl::MakeTransport(tcp::socket socket) {
  if (options_.tls == nullptr) return MakePlainTransport(std::move(socket));
  auto ssl = options_.tls->NewSession(tls::Protocol::kHttp1);
  if (!ssl.ok()) return nullptr;
  return std::make_shared<TlsTransport>(std::move(socket), *std::move(ssl));
}

void HttpServer::Impl::Stop(std::chrono::milliseconds drain) {
  if (stopped_.exchange(true)) return;
  context_->draining = true;
  std::promise<void> closed;
  asio::post(strand_, [this, &closed] {
    ErrorCode ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    for (const auto& session : context_->registry.All()) session->Drain();
    closed.set_value();
  });
  // From here on no session is added.
  closed.get_future().wait();
  bool empty = context_->registry.WaitUntilEmpty(drain / 2);
  if (!empty && drain.count() > 0) {
    // What has not arrived by now would be cut without a word. Without any time there is none for
    // an answer either: who is first, it or the cut, would be chance.
    context_->refusing = true;
    for (const auto& session : context_->registry.All()) session->StopReceiving();
    empty = context_->registry.WaitUntilEmpty(drain - drain / 2);
  }
  if (!empty) {
    for (const auto& session : context_->registry.All()) session->Abort();
  }
  for (std::thread& thread : threads_) thread.join();
  worker_.join();
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(HttpServerOptions options,
                                                              Router router) {
  CAIRN_RETURN_IF_ERROR(CheckOptions(options));
  auto impl = std::make_unique<Impl>(std::move(options), std::move(router));
  CAIRN_RETURN_IF_ERROR(impl->Listen());
  impl->Run();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() { Stop(kDestructorDrain); }

int HttpServer::port() const { return impl_->endpoint().port(); }

std::string HttpServer::address() const { return Format(impl_->endpoint()); }

std::size_t HttpServer::connections() const { return impl_->connections(); }

std::size_t HttpServer::waiting() const { return impl_->waiting(); }

void HttpServer::Stop(std::chrono::milliseconds drain) { impl_->Stop(drain); }

}  // namespace cairn::http
