// What a server does with connections that nobody should make: too many of them, and silent
// ones.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "cairn/v1/artifacts.grpc.pb.h"
#include "cairn/v1/tracking.grpc.pb.h"
#include "lib/base/digest.h"
#include "tests/integration/server/connections.h"
#include "tests/testing/eventually.h"
#include "tests/testing/raw_call.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::Caller;
using testing::Eventually;
using testing::FloodConnection;
using testing::HttpGet;
using testing::IsOk;
using testing::ProgramPath;
using testing::ProgramResult;
using testing::ResidentBytes;
using testing::RunningProgram;
using testing::RunProgram;
using testing::ServerProcess;
using testing::TempFolder;

bool IsHealthy(const ServerProcess& server) {
  return HttpGet(server.http_address(), "/health").find(" 200 ") != std::string::npos;
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

  TempFolder folder_;
  ServerProcess server_{folder_ / "store"};
};

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
  EXPECT_THAT(status, IsOk());
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
  ASSERT_THAT(commit(), IsOk());
  std::vector<FloodConnection> connections;
  for (int i = 0; i < 300; ++i) connections.emplace_back(grpc_address);
  for (int i = 0; i < 60; ++i) connections.emplace_back(http_address);
  // A store that opens further files while all of them are there.
  for (int i = 0; i < 20; ++i) {
    const grpc::Status status = commit();
    EXPECT_THAT(status, IsOk());
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
  EXPECT_THAT(uploaded, IsOk());
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
              static_cast<long>(ResidentBytes(server_.pid()) >> 20));
  EXPECT_EQ(ping.exit_code, 0) << ping.output;
  EXPECT_TRUE(IsHealthy(server_));
}

}  // namespace
}  // namespace cairn
