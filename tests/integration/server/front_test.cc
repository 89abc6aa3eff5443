// What a server does with connections that nobody should make: too many of them, silent
// ones, and floods of frames. HTTP/2 is written by hand.

#include <arpa/inet.h>
#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cairn/v1/artifacts.grpc.pb.h"
#include "cairn/v1/server.grpc.pb.h"
#include "cairn/v1/tracking.grpc.pb.h"
#include "lib/base/digest.h"
#include "tests/testing/http2_frames.h"
#include "tests/testing/server_process.h"

namespace cairn {
namespace {

using namespace cairn::testing;  // NOLINT(google-build-using-namespace): frames by hand
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr const char* kPath = "/cairn.v1.AdminService/GetServerInfo";

// A connection to the gRPC port, without a library.
class FloodConnection {
 public:
  explicit FloodConnection(const std::string& address) {
    const size_t colon = address.rfind(':');
    sockaddr_in target{};
    target.sin_family = AF_INET;
    target.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
    ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &target.sin_addr);
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    connected_ =
        fd_ >= 0 && ::connect(fd_, reinterpret_cast<sockaddr*>(&target), sizeof(target)) == 0;
  }
  ~FloodConnection() {
    if (fd_ >= 0) ::close(fd_);
  }
  FloodConnection(FloodConnection&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), connected_(other.connected_) {}
  FloodConnection(const FloodConnection&) = delete;

  bool connected() const { return connected_; }

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

// A number of /proc/PID/status, in MiB: "VmHWM", "VmRSS".
int64_t MemoryMiB(pid_t pid, const std::string& key) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(key + ":", 0) == 0) return std::stoll(line.substr(key.size() + 1)) / 1024;
  }
  return 0;
}

// Calls by the real library, on a connection of its own.
class Caller {
 public:
  explicit Caller(const std::string& address) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel_ = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
    stub_ = v1::AdminService::NewStub(channel_);
  }

  grpc::Status Call(milliseconds patience) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + patience);
    v1::ServerInfo info;
    return stub_->GetServerInfo(&context, {}, &info);
  }

  // Keeps `count` calls under way until `end`; returns how many failed.
  int64_t KeepCalling(int count, steady_clock::time_point end) {
    struct One {
      grpc::ClientContext context;
      v1::GetServerInfoRequest request;
      v1::ServerInfo info;
    };
    std::atomic<int64_t> failed{0};
    std::atomic<int> under_way{count};
    std::function<void()> next = [&] {
      if (steady_clock::now() >= end) {
        --under_way;
        return;
      }
      auto one = std::make_shared<One>();
      stub_->async()->GetServerInfo(&one->context, &one->request, &one->info,
                                    [&, one](const grpc::Status& status) {
                                      if (!status.ok()) ++failed;
                                      next();
                                    });
    };
    for (int i = 0; i < count; ++i) next();
    while (under_way > 0) std::this_thread::sleep_for(milliseconds(5));
    return failed;
  }

 private:
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::AdminService::Stub> stub_;
};

bool IsHealthy(const ServerProcess& server) {
  return HttpGet(server.http_address(), "/health").find(" 200 ") != std::string::npos;
}

// Waits for real processes; false after 20 seconds.
bool Eventually(const std::function<bool()>& holds) {
  const auto end = steady_clock::now() + seconds(20);
  while (!holds()) {
    if (steady_clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return true;
}

// Sets the limit of descriptors of this process and of those that it starts.
class ScopedDescriptorLimit {
 public:
  explicit ScopedDescriptorLimit(rlim_t soft) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit now{soft, before_.rlim_max};
    ok_ = soft <= before_.rlim_max && ::setrlimit(RLIMIT_NOFILE, &now) == 0;
  }
  ~ScopedDescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  ScopedDescriptorLimit(const ScopedDescriptorLimit&) = delete;
  bool ok() const { return ok_; }
  rlim_t hard() const { return before_.rlim_max; }

 private:
  rlimit before_{};
  bool ok_ = false;
};

class FrontTest : public ::testing::Test {
 protected:
  void Start() { ASSERT_TRUE(server_.Start()); }

  std::vector<FloodConnection> Connect(int count) {
    std::vector<FloodConnection> connections;
    for (int i = 0; i < count; ++i) connections.emplace_back(server_.grpc_address());
    return connections;
  }

  // Two connections that `flood` for some seconds, and come again when they are cut, beside
  // a client that calls one by one and one with 256 calls under way.
  void Flood(const std::string& first, const std::function<std::string(uint32_t&)>& next);

  TempFolder folder_;
  ServerProcess server_{folder_ / "store"};
};

void FrontTest::Flood(const std::string& first, const std::function<std::string(uint32_t&)>& next) {
  Start();
  Caller busy(server_.grpc_address());
  Caller calm(server_.grpc_address());
  ASSERT_TRUE(busy.Call(seconds(10)).ok());
  ASSERT_TRUE(calm.Call(seconds(10)).ok());
  const auto end = steady_clock::now() + seconds(3);
  std::atomic<int> cut{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      while (steady_clock::now() < end) {
        const FloodConnection connection(server_.grpc_address());
        uint32_t stream = 1;
        bool open = connection.Send(Http2Hello() + first);
        while (open && steady_clock::now() < end) open = connection.Send(next(stream));
        if (!open) ++cut;
      }
    });
  }
  int64_t failed = -1;
  threads.emplace_back([&] { failed = busy.KeepCalling(256, end); });
  std::vector<int64_t> micros;
  while (steady_clock::now() < end) {
    const auto begin = steady_clock::now();
    EXPECT_TRUE(calm.Call(seconds(10)).ok());
    micros.push_back((steady_clock::now() - begin) / std::chrono::microseconds(1));
    std::this_thread::sleep_for(milliseconds(2));
  }
  for (std::thread& thread : threads) thread.join();
  std::sort(micros.begin(), micros.end());
  const int64_t p99 = micros[micros.size() * 99 / 100];
  std::printf("peak %ld MiB, now %ld MiB, p99 %ld us of %zu calls, %d cut\n",
              static_cast<long>(MemoryMiB(server_.pid(), "VmHWM")),
              static_cast<long>(MemoryMiB(server_.pid(), "VmRSS")), static_cast<long>(p99),
              micros.size(), cut.load());
  EXPECT_EQ(failed, 0) << "an honest client was cut";
  EXPECT_GT(cut, 0);
  EXPECT_LE(MemoryMiB(server_.pid(), "VmHWM"), 400);
  EXPECT_TRUE(IsHealthy(server_));
}

TEST_F(FrontTest, ThePortAnswersAgainAfterDescriptorsRanOut) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  if (before.rlim_max < 2048) GTEST_SKIP() << "this process may not open enough descriptors";
  // The server with no more than 1,024: the shell lowers the hard limit too.
  RunningProgram server({"/bin/sh", "-c",
                         "ulimit -n 1024 && exec \"$0\" --in-memory --grpc-address 127.0.0.1:0 "
                         "--http-address 127.0.0.1:0 --log-level error",
                         ProgramPath("cairnd")});
  std::string line;
  ASSERT_TRUE(server.NextLine(&line));
  char grpc_address[128] = "";
  char http_address[128] = "";
  ASSERT_EQ(std::sscanf(line.c_str(), "ready grpc=%127s http=%127s", grpc_address, http_address),
            2);
  const auto health = [&] { return HttpGet(http_address, "/health"); };
  EXPECT_NE(health().find(" 200 "), std::string::npos);
  {
    std::vector<FloodConnection> connections;
    for (int i = 0; i < 1200; ++i) connections.emplace_back(grpc_address);
    EXPECT_TRUE(Eventually([&] { return health().find(" 503 ") != std::string::npos; }));
    EXPECT_NE(health().find("the gRPC port takes no new connections"), std::string::npos);
    EXPECT_FALSE(Caller(grpc_address).Call(milliseconds(500)).ok());
  }
  EXPECT_TRUE(Eventually([&] { return health().find(" 200 ") != std::string::npos; }));
  const grpc::Status status = Caller(grpc_address).Call(seconds(10));
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(FrontTest, UnderALowLimitConnectionsOfBothPortsLeaveTheStoreItsFiles) {
  const std::string start =
      "ulimit -n 256 && exec \"$0\" --data-dir \"$1\" --grpc-address 127.0.0.1:0 "
      "--http-address 127.0.0.1:0 --log-level error";
  RunningProgram server({"/bin/sh", "-c", start, ProgramPath("cairnd"), folder_ / "low"});
  std::string line;
  ASSERT_TRUE(server.NextLine(&line));
  char grpc_address[128] = "";
  char http_address[128] = "";
  ASSERT_EQ(std::sscanf(line.c_str(), "ready grpc=%127s http=%127s", grpc_address, http_address),
            2);
  const auto channel = grpc::CreateChannel(grpc_address, grpc::InsecureChannelCredentials());
  const auto runs = v1::TrackingService::NewStub(channel);
  const auto commit = [&] {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + seconds(20));
    v1::CreateRunRequest request;
    request.set_parent("experiments/0");
    v1::Run run;
    return runs->CreateRun(&context, request, &run);
  };
  ASSERT_TRUE(commit().ok());
  std::vector<FloodConnection> connections;
  for (int i = 0; i < 300; ++i) connections.emplace_back(grpc_address);
  for (int i = 0; i < 60; ++i) connections.emplace_back(http_address);
  // A store that opens further files while all of them are there.
  for (int i = 0; i < 20; ++i) {
    const grpc::Status status = commit();
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
  v1::WriteRequest part;
  const std::string blob(100'000, 'x');
  part.set_resource_name("uploads/00000000-0000-4000-8000-000000000000/blobs/" +
                         DigestOf(blob).Hex() + "/100000");
  part.set_data(blob);
  part.set_finish_write(true);
  grpc::ClientContext context;
  v1::WriteResponse stored;
  const auto writer = v1::ArtifactService::NewStub(channel)->Write(&context, &stored);
  writer->Write(part);
  const grpc::Status uploaded = writer->Finish();
  EXPECT_TRUE(uploaded.ok()) << uploaded.error_message();
  connections.clear();
  EXPECT_TRUE(Eventually(
      [&] { return HttpGet(http_address, "/health").find(" 200 ") != std::string::npos; }));
}

TEST_F(FrontTest, ALimitOfDescriptorsThatIsTooLowIsRefusedAtTheStart) {
  const ProgramResult result =
      RunProgram({"/bin/sh", "-c",
                  "ulimit -n 100 && exec \"$0\" --in-memory --grpc-address 127.0.0.1:0 "
                  "--http-address 127.0.0.1:0",
                  ProgramPath("cairnd")});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.output.find("may open 100 descriptors, which must be at least 128"),
            std::string::npos)
      << result.output;
}

TEST_F(FrontTest, TenThousandSilentConnectionsKeepNobodyOut) {
  const ScopedDescriptorLimit limit(12'000);
  if (!limit.ok() || limit.hard() < 14'000) {
    GTEST_SKIP() << "the hard limit of descriptors, " << limit.hard() << ", is too low";
  }
  Start();
  const std::vector<FloodConnection> connections = Connect(10'000);
  EXPECT_TRUE(std::all_of(connections.begin(), connections.end(),
                          [](const FloodConnection& one) { return one.connected(); }));
  const auto begin = steady_clock::now();
  const ProgramResult ping =
      RunProgram({ProgramPath("mlctl"), "ping", "--server", server_.grpc_address()});
  std::printf("ping took %ld ms; server has %ld MiB\n",
              static_cast<long>((steady_clock::now() - begin) / milliseconds(1)),
              static_cast<long>(MemoryMiB(server_.pid(), "VmRSS")));
  EXPECT_EQ(ping.exit_code, 0) << ping.output;
  EXPECT_TRUE(IsHealthy(server_));
}

TEST_F(FrontTest, RapidResetsCostLittle) {
  Flood("", [](uint32_t& stream) {
    std::string frames;
    for (int i = 0; i < 500; ++i, stream += 2) {
      frames += Frame(kHeadersFrame, kEndHeadersFlag, stream, CallHeaders(kPath)) + ResetOf(stream);
    }
    return frames;
  });
}

TEST_F(FrontTest, ContinuationsWithoutEndCostLittle) {
  std::string fields;
  for (int i = 0; i < 100; ++i) fields += HeaderField("x-flood", std::string(100, 'v'));
  Flood(Frame(kHeadersFrame, kNoFlags, 1, CallHeaders(kPath)),
        [fields](uint32_t&) { return Frame(kContinuationFrame, kNoFlags, 1, fields); });
}

TEST_F(FrontTest, SettingsCostLittle) {
  Flood("", [](uint32_t&) {
    std::string frames;
    for (int i = 0; i < 1000; ++i) frames += Frame(kSettingsFrame, kNoFlags, 0);
    return frames;
  });
}

TEST_F(FrontTest, PingsCostLittle) {
  Flood("", [](uint32_t&) {
    std::string frames;
    for (int i = 0; i < 1000; ++i) frames += Frame(kPingFrame, kNoFlags, 0, "12345678");
    return frames;
  });
}

TEST_F(FrontTest, LargeHeadersCostLittle) {
  std::string headers = CallHeaders(kPath);
  for (int i = 0; i < 100; ++i) headers += HeaderField("x-large", std::string(120, 'v'));
  Flood("", [headers](uint32_t& stream) {
    std::string frames;
    for (int i = 0; i < 20; ++i, stream += 2) {
      frames += Frame(kHeadersFrame, kEndHeadersFlag, stream, headers);
    }
    return frames;
  });
}

}  // namespace
}  // namespace cairn
