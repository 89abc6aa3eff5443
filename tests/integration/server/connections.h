#ifndef CAIRN_TESTS_INTEGRATION_SERVER_CONNECTIONS_H_
#define CAIRN_TESTS_INTEGRATION_SERVER_CONNECTIONS_H_

#include <grpcpp/grpcpp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "cairn/v1/server.grpc.pb.h"
#include "tests/testing/eventually.h"
#include "tests/testing/raw_call.h"

namespace cairn::testing {

// A connection to the gRPC port, without a library.
class FloodConnection {
 public:
  explicit FloodConnection(const std::string& address) {
    const sockaddr_in target = SocketAddress(address);
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    connected_ =
        fd_ >= 0 && ::connect(fd_, reinterpret_cast<const sockaddr*>(&target), sizeof(target)) == 0;
  }
  ~FloodConnection() {
    if (fd_ >= 0) ::close(fd_);
  }
  FloodConnection(FloodConnection&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), connected_(other.connected_) {}
  FloodConnection(const FloodConnection&) = delete;

  bool connected() const { return connected_; }
  int fd() const { return fd_; }

  // False when the server has ended the connection, or reads nothing for two seconds.
  bool Send(std::string_view bytes) const {
    while (!bytes.empty()) {
      pollfd waiting{fd_, POLLOUT, 0};
      if (::poll(&waiting, 1, 2000) <= 0) return false;
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

 private:
  int fd_ = -1;
  bool connected_ = false;
};

// Calls by the real library, on a connection of its own.
class Caller {
 public:
  explicit Caller(const std::string& address) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel_ = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
    stub_ = v1::AdminService::NewStub(channel_);
  }

  grpc::Status Call(std::chrono::milliseconds patience) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + patience);
    v1::ServerInfo info;
    return stub_->GetServerInfo(&context, {}, &info);
  }

  // Keeps `count` calls under way until `end`; returns how many failed. Returns when all of them
  // have let go of their channel: the last that does in a thread of gRPC would free that thread's
  // queue. The caller itself should live on for a while after it.
  int64_t KeepCalling(int count, std::chrono::steady_clock::time_point end) {
    std::atomic<int64_t> failed{0};
    std::atomic<int> open{0};
    std::function<void()> next = [&] {
      if (std::chrono::steady_clock::now() >= end) return;
      auto one = std::make_shared<One>(open);
      stub_->async()->GetServerInfo(&one->context, &one->request, &one->info,
                                    [&, one](const grpc::Status& status) {
                                      if (!status.ok()) ++failed;
                                      next();
                                    });
    };
    for (int i = 0; i < count; ++i) next();
    while (!Eventually([&] { return open == 0; })) continue;
    return failed;
  }

 private:
  struct One {
    explicit One(std::atomic<int>& calls) : counted(calls) {}
    struct Counted {
      explicit Counted(std::atomic<int>& calls) : open(calls) { ++open; }
      ~Counted() { --open; }
      Counted(const Counted&) = delete;
      std::atomic<int>& open;
    } counted;  // first, so that it goes last
    grpc::ClientContext context;
    v1::GetServerInfoRequest request;
    v1::ServerInfo info;
  };

  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::AdminService::Stub> stub_;
};

}  // namespace cairn::testing

#endif  // CAIRN_TESTS_INTEGRATION_SERVER_CONNECTIONS_H_
