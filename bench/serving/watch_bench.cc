// How soon watchers hear of a commit, and how fast one that is far behind catches up.
//
// One watcher and many wait, in turns and in the same run, while the same number of commits a
// second is made; a latency is from before the call that commits to the arrival of its event.
// usage: watch_bench [--watchers N] [--connections N] [--commits-per-second N] [--seconds N]
//     [--events N]

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/serving/load.h"
#include "cairn/v1/tracking.grpc.pb.h"
#include "cairn/v1/watch.grpc.pb.h"
#include "fmt/format.h"
#include "lib/base/mutex.h"
#include "tests/testing/server_process.h"

namespace cairn::bench {
namespace {

struct Settings {
  int watchers = 1000;
  int connections = 8;
  int commits_per_second = 10;
  double seconds = 5;
  int64_t events = 200'000;
};

// When each event's call began, by what the commit wrote; and what all watchers measured.
class Arrivals {
 public:
  void Begins(const std::string& value) {
    MutexLock lock(&mutex_);
    begun_[value] = Clock::now();
  }
  void Arrived(const v1::Event& event) {
    const auto now = Clock::now();
    MutexLock lock(&mutex_);
    for (const auto& [key, value] : event.logged().tags()) {
      const auto begun = begun_.find(value);
      if (begun == begun_.end()) continue;
      latencies_.Add(now - begun->second);
      arrived_.SignalAll();
    }
  }
  void Ready() {
    MutexLock lock(&mutex_);
    ++ready_;
    arrived_.SignalAll();
  }
  void AwaitReady(int count) {
    MutexLock lock(&mutex_);
    while (ready_ < count) arrived_.Wait(&mutex_);
  }
  Latencies Await(size_t count) {
    MutexLock lock(&mutex_);
    while (latencies_.size() < count) arrived_.Wait(&mutex_);
    return latencies_;
  }

 private:
  Mutex mutex_;
  CondVar arrived_;
  std::map<std::string, Clock::time_point> begun_;
  Latencies latencies_;
  int ready_ = 0;
};

// One stream of Watch. Deleted once it ended.
class Stream final : public grpc::ClientReadReactor<v1::WatchResponse> {
 public:
  Stream(OpenCalls& calls, v1::WatchService::Stub& stub, Arrivals& arrivals)
      : ticket_(calls), arrivals_(arrivals) {
    v1::WatchRequest request;
    request.add_resources("experiments/0");
    stub.async()->Watch(&context_, &request, this);
    StartRead(&response_);
    StartCall();
  }
  void Cancel() { context_.TryCancel(); }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (!std::exchange(ready_, true)) arrivals_.Ready();
    for (const v1::Event& event : response_.events()) arrivals_.Arrived(event);
    StartRead(&response_);
  }
  void OnDone(const grpc::Status& /*status*/) override { delete this; }

 private:
  const OpenCalls::Ticket ticket_;
  Arrivals& arrivals_;
  grpc::ClientContext context_;
  v1::WatchResponse response_;
  bool ready_ = false;
};

void SetTag(Stub& stub, const std::string& run, const std::string& value) {
  v1::LogBatchRequest request;
  request.set_run(run);
  (*request.mutable_tags())["n"] = value;
  grpc::ClientContext context;
  v1::LogBatchResponse response;
  Check(stub.LogBatch(&context, request, &response), "LogBatch");
}

// A connection of its own: channels with the same arguments share one.
std::shared_ptr<grpc::Channel> OwnConnection(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

// Commits steadily while `watchers` wait on `connections`.
Latencies Deliver(const std::string& address, const Settings& settings, int watchers) {
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  std::vector<std::unique_ptr<v1::WatchService::Stub>> stubs;
  for (int i = 0; i < std::min(settings.connections, watchers); ++i) {
    channels.push_back(OwnConnection(address));
    stubs.push_back(v1::WatchService::NewStub(channels.back()));
  }
  const auto channel = Connect(address);
  Stub stub(channel);
  const std::string run = NewRun(stub);
  Arrivals arrivals;
  OpenCalls calls;
  std::vector<Stream*> streams;
  for (int i = 0; i < watchers; ++i) {
    auto& to = *stubs[static_cast<size_t>(i) % stubs.size()];
    streams.push_back(std::make_unique<Stream>(calls, to, arrivals).release());
  }
  arrivals.AwaitReady(watchers);
  const int commits = static_cast<int>(settings.seconds * settings.commits_per_second);
  auto next = Clock::now();
  for (int i = 0; i < commits; ++i) {
    next += std::chrono::nanoseconds(1'000'000'000 / settings.commits_per_second);
    std::this_thread::sleep_until(next);
    const std::string value = fmt::format("{} {}", watchers, i);
    arrivals.Begins(value);
    SetTag(stub, run, value);
  }
  Latencies latencies =
      arrivals.Await(static_cast<size_t>(commits) * static_cast<size_t>(watchers));
  for (Stream* stream : streams) stream->Cancel();
  return latencies;
}

// Events a second of one watcher that begins `events` behind.
double CatchUp(const std::string& address, int64_t events) {
  const auto channel = Connect(address);
  Stub stub(channel);
  const std::string run = NewRun(stub);
  KeepCalls(64, events, [&](int64_t i, std::function<void()> done) {
    struct Call {
      grpc::ClientContext context;
      v1::LogBatchRequest request;
      v1::LogBatchResponse response;
    };
    auto call = std::make_shared<Call>();
    call->request.set_run(run);
    (*call->request.mutable_tags())["n"] = std::to_string(i);
    stub.async()->LogBatch(&call->context, &call->request, &call->response,
                           [call, done = std::move(done)](const grpc::Status& status) {
                             Check(status, "LogBatch");
                             done();
                           });
  });
  const auto watch = v1::WatchService::NewStub(channel);
  grpc::ClientContext context;
  v1::WatchRequest request;
  request.set_start_revision(1);
  const auto reader = watch->Watch(&context, request);
  const auto begin = Clock::now();
  v1::WatchResponse response;
  int64_t seen = 0;
  while (seen < events && reader->Read(&response)) seen += response.events_size();
  const double seconds = SecondsSince(begin);
  context.TryCancel();
  reader->Finish();
  return static_cast<double>(seen) / seconds;
}

Settings ParseSettings(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    const char* value = argv[i + 1];
    if (flag == "--watchers") settings.watchers = std::atoi(value);
    if (flag == "--connections") settings.connections = std::atoi(value);
    if (flag == "--commits-per-second") settings.commits_per_second = std::atoi(value);
    if (flag == "--seconds") settings.seconds = std::atof(value);
    if (flag == "--events") settings.events = std::atoll(value);
  }
  return settings;
}

void Report(int watchers, const Latencies& latencies) {
  std::printf("%5d watchers: p50 %.2f ms, p99 %.2f ms, most %.2f ms\n", watchers,
              latencies.Quantile(0.5), latencies.Quantile(0.99), latencies.Quantile(1));
  std::fflush(stdout);
}

int Main(int argc, char** argv) {
  const Settings settings = ParseSettings(argc, argv);
  const testing::TempFolder folder;
  testing::ServerProcess server(folder / "store");
  if (!server.Start()) return 1;
  const Latencies one = Deliver(server.grpc_address(), settings, 1);
  Report(1, one);
  const Latencies all = Deliver(server.grpc_address(), settings, settings.watchers);
  Report(settings.watchers, all);
  std::printf("p99 of %d watchers is %.1f times that of one\n", settings.watchers,
              all.Quantile(0.99) / one.Quantile(0.99));
  std::printf("catching up: %.0f events/s\n", CatchUp(server.grpc_address(), settings.events));
  return 0;
}

}  // namespace
}  // namespace cairn::bench

int main(int argc, char** argv) { return cairn::bench::Main(argc, argv); }
