// What other callers see while four promote in a loop: GetRun and small durable LogBatches, one
// after the other with a pause, idle and meanwhile. Client and server share the processors.

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "bench/promotion/world.h"
#include "fmt/format.h"

namespace cairn::bench {
namespace {

constexpr int kCallers = 4;
constexpr auto kPause = std::chrono::milliseconds(1);
constexpr const char* kMethod = "/cairn.v1.PromotionService/Promote";

// Promotes in a loop, and does not read what it is answered, which would take processors too.
class Caller {
 public:
  Caller(const World& world, const Shape& shape)
      : channel_(Connect(world.server().grpc_address())) {
    v1::PromoteRequest request;
    request.set_name(fmt::format("models/{}/channels/{}", shape.model, shape.channel));
    const grpc::Slice slice(request.SerializeAsString());
    request_ = grpc::ByteBuffer(&slice, 1);
  }

  void Run(const std::atomic<bool>& stop) {
    grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer> stub(channel_);
    while (!stop) {
      grpc::ClientContext context;
      grpc::ByteBuffer request = request_;
      grpc::ByteBuffer answer;
      std::promise<grpc::Status> done;
      const auto begin = Clock::now();
      stub.UnaryCall(&context, kMethod, grpc::StubOptions(), &request, &answer,
                     [&done](const grpc::Status& status) { done.set_value(status); });
      Check(done.get_future().get(), "Promote");
      latencies_.Add(Clock::now() - begin);
    }
  }

  const Latencies& latencies() const { return latencies_; }

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  grpc::ByteBuffer request_;
  Latencies latencies_;
};

struct Seen {
  Latencies reads;
  Latencies writes;
};

Seen Look(World& world, const std::string& run, double seconds) {
  Seen seen;
  const auto begin = Clock::now();
  for (int64_t step = 0; SecondsSince(begin) < seconds; ++step) {
    std::this_thread::sleep_for(kPause);
    grpc::ClientContext get_context;
    v1::GetRunRequest get;
    get.set_name(run);
    v1::Run answer;
    const auto read = Clock::now();
    Check(world.tracking().GetRun(&get_context, get, &answer), "GetRun");
    seen.reads.Add(Clock::now() - read);
    grpc::ClientContext log_context;
    v1::LogBatchRequest log;
    log.set_run(run);
    auto& metric = *log.add_metrics();
    metric.set_key("loss");
    metric.add_steps(step);
    metric.add_values(1);
    v1::LogBatchResponse logged;
    const auto write = Clock::now();
    Check(world.tracking().LogBatch(&log_context, log, &logged), "LogBatch");
    seen.writes.Add(Clock::now() - write);
  }
  return seen;
}

void PrintSeen(const std::string& when, const Seen& seen, const Seen& idle) {
  for (const auto& [what, now, before] : {std::tuple{"GetRun", &seen.reads, &idle.reads},
                                          std::tuple{"LogBatch", &seen.writes, &idle.writes}}) {
    Print(fmt::format("{}, {}", what, when),
          fmt::format("{}  (p99 {:.2f} x idle)", Describe(*now),
                      now->Quantile(0.99) / before->Quantile(0.99)));
  }
}

}  // namespace

void OthersMeanwhile(const Settings& settings) {
  World world(settings.parent, "others");
  std::vector<Shape> shapes;
  for (int i = 0; i < kCallers; ++i) {
    Shape shape;
    shape.model = fmt::format("m{}", i);
    shape.versions = 200;
    shape.checks = 10;
    shape.max = 200;
    world.Fill(shape);
    shapes.push_back(shape);
  }
  const std::string run = NewRun(world.tracking());
  Look(world, run, settings.seconds / 5);
  const Seen idle = Look(world, run, settings.seconds);
  PrintSeen("idle", idle, idle);
  for (const bool together : {true, false}) {
    const std::string when =
        together ? "4 callers promote one channel" : "4 callers promote 4 channels";
    std::vector<std::unique_ptr<Caller>> callers;
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < kCallers; ++i) {
      callers.push_back(
          std::make_unique<Caller>(world, shapes[together ? 0 : static_cast<size_t>(i)]));
      threads.emplace_back([&stop, caller = callers.back().get()] { caller->Run(stop); });
    }
    const Seen seen = Look(world, run, settings.seconds);
    stop = true;
    for (std::thread& thread : threads) thread.join();
    PrintSeen(when, seen, idle);
    Latencies promotions;
    for (const auto& caller : callers) promotions.AddAll(caller->latencies());
    Print(fmt::format("Promote of 200 x 10, {}", when), Describe(promotions));
  }
}

}  // namespace cairn::bench
