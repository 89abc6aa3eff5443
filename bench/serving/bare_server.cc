#include "bench/serving/bare_server.h"

#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/synchronization/mutex.h"
#include "cairn/v1/tracking.grpc.pb.h"

namespace cairn::bench {
namespace {

// Answers each message of a LogMetrics stream when it was read.
class AcknowledgeAll final
    : public grpc::ServerBidiReactor<v1::LogMetricsRequest, v1::LogMetricsResponse> {
 public:
  AcknowledgeAll() { StartRead(&request_); }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    for (const auto& columns : request_.metrics()) points_ += columns.values_size();
    response_.set_acknowledged_batch_number(request_.batch_number());
    response_.set_point_count(points_);
    StartWrite(&response_);
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    StartRead(&request_);
  }

  void OnDone() override { delete this; }

 private:
  v1::LogMetricsRequest request_;
  v1::LogMetricsResponse response_;
  int64_t points_ = 0;
};

// Sends the same message so many times.
class Repeat final : public grpc::ServerWriteReactor<v1::ReadMetricsResponse> {
 public:
  explicit Repeat(const v1::ReadMetricsRequest& request) : left_(request.max_buckets()) {
    response_.mutable_columns()->mutable_values()->Resize(
        static_cast<int>(request.end_step()) / static_cast<int>(sizeof(double)), 0.5);
    Next();
  }

  void OnWriteDone(bool ok) override { return ok ? Next() : Finish(grpc::Status::OK); }
  void OnDone() override { delete this; }

 private:
  void Next() {
    if (left_-- <= 0) return Finish(grpc::Status::OK);
    StartWrite(&response_);
  }

  v1::ReadMetricsResponse response_;
  int32_t left_;
};

class BareTracking final : public v1::TrackingService::CallbackService {
 public:
  grpc::ServerUnaryReactor* GetRun(grpc::CallbackServerContext* context, const v1::GetRunRequest*,
                                   v1::Run*) override {
    return Answer(context);
  }

  grpc::ServerUnaryReactor* CreateRun(grpc::CallbackServerContext* context,
                                      const v1::CreateRunRequest*, v1::Run* run) override {
    run->set_name("experiments/0/runs/00000000000000000000000000000000");
    return Answer(context);
  }

  grpc::ServerUnaryReactor* LogBatch(grpc::CallbackServerContext* context,
                                     const v1::LogBatchRequest*, v1::LogBatchResponse*) override {
    return Answer(context);
  }

  grpc::ServerUnaryReactor* SearchRuns(grpc::CallbackServerContext* context,
                                       const v1::SearchRunsRequest* request,
                                       v1::SearchRunsResponse* response) override {
    response->set_next_page_token(std::string(static_cast<size_t>(request->page_size()), 'x'));
    return Answer(context);
  }

  grpc::ServerBidiReactor<v1::LogMetricsRequest, v1::LogMetricsResponse>* LogMetrics(
      grpc::CallbackServerContext*) override {
    return new AcknowledgeAll;
  }

  grpc::ServerWriteReactor<v1::ReadMetricsResponse>* ReadMetrics(
      grpc::CallbackServerContext*, const v1::ReadMetricsRequest* request) override {
    return new Repeat(*request);
  }

 private:
  static grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context) {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

}  // namespace

// Spawned, not forked: a fork waits for the threads of the clients that this process has.
BareServer::BareServer(std::vector<std::string> arguments) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::string name = "bare_server";
  std::vector<char*> argv = {name.data()};
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  if (::posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, argv.data(), environ) != 0) {
    pid_ = -1;
  }
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  FILE* stream = ::fdopen(ends[0], "r");
  std::array<char, 128> address{};
  if (std::fscanf(stream, "%127s", address.data()) == 1) address_ = address.data();
  std::fclose(stream);
}

BareServer::~BareServer() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void RunBareServer() {
  BareTracking service;
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  ServeBare(builder, grpc::InsecureServerCredentials());
}

void ServeBare(grpc::ServerBuilder& builder,
               const std::shared_ptr<grpc::ServerCredentials>& credentials) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", credentials, &port);
  const auto server = builder.BuildAndStart();
  if (server == nullptr) std::exit(1);
  std::printf("127.0.0.1:%d\n", port);
  std::fflush(stdout);
  server->Wait();
  std::exit(0);
}

}  // namespace cairn::bench
