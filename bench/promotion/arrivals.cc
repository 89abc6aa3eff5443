// Promotions while 137 versions a second are registered, with a small file each: into other models,
// and into the one that is promoted, of which the policy selects fifty.

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include "bench/promotion/world.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/client/grpc_status.h"

namespace cairn::bench {
namespace {

constexpr double kPerSecond = 137;

// Registers a version at each tick until told to stop; how many came.
class Registrar {
 public:
  Registrar(World& world, Shape shape) : world_(world), shape_(std::move(shape)) {}

  void Run(const std::atomic<bool>& stop) {
    const auto begin = Clock::now();
    for (int64_t i = 0; !stop; ++i) {
      std::this_thread::sleep_until(
          begin + std::chrono::duration_cast<Clock::duration>(
                      std::chrono::duration<double>(static_cast<double>(i) / kPerSecond)));
      auto request = world_.VersionOf(shape_, i + 1000);
      *request.mutable_model_version()->mutable_files(0) =
          world_.Upload("model.bin", fmt::format("{} {}", shape_.model, i));
      grpc::ClientContext context;
      v1::ModelVersion version;
      const auto start = Clock::now();
      Check(world_.registry().CreateModelVersion(&context, request, &version),
            "CreateModelVersion");
      latencies_.Add(Clock::now() - start);
    }
    per_second_ = static_cast<double>(latencies_.size()) / SecondsSince(begin);
  }

  const Latencies& latencies() const { return latencies_; }
  double per_second() const { return per_second_; }

 private:
  World& world_;
  const Shape shape_;
  Latencies latencies_;
  double per_second_ = 0;
};

struct Promoted {
  Latencies latencies;
  double longest = 0;  // in milliseconds
  std::map<std::string, int> errors;
};

Promoted PromoteFor(World& world, const Shape& shape, double seconds) {
  Promoted result;
  const auto begin = Clock::now();
  while (SecondsSince(begin) < seconds) {
    v1::Decision decision;
    const auto start = Clock::now();
    const grpc::Status status = Promote(world, shape, /*dry_run=*/false, decision);
    result.latencies.Add(Clock::now() - start);
    if (!status.ok()) ++result.errors[ReasonOf(client::FromGrpcStatus(status))];
  }
  result.longest = result.latencies.Quantile(1);
  return result;
}

std::string Errors(const Promoted& promoted) {
  std::string text;
  for (const auto& [reason, count] : promoted.errors) {
    text += fmt::format(", {} {}", count, reason);
  }
  return text.empty() ? ", no error" : text;
}

}  // namespace

void Arrivals(const Settings& settings) {
  for (const bool same_model : {false, true}) {
    World world(settings.parent, same_model ? "same-model" : "other-models");
    Shape shape;
    shape.where = "tag('team') == 'crm'";
    world.Fill(shape);
    const Promoted idle = PromoteFor(world, shape, settings.seconds / 2);
    Shape others = shape;
    if (!same_model) others.model = "other";
    Registrar registrar(world, others);
    std::atomic<bool> stop{false};
    std::thread thread([&] { registrar.Run(stop); });
    const Promoted busy = PromoteFor(world, shape, settings.seconds);
    stop = true;
    thread.join();
    Print(fmt::format("Promote of 50 x 12, idle{}", Errors(idle)), Describe(idle.latencies));
    Print(fmt::format("Promote, {:.0f} registrations a second into {}{}", registrar.per_second(),
                      same_model ? "the same model" : "another model", Errors(busy)),
          fmt::format("{}, longest {:.1f} ms  (p50 {:.2f} x idle)", Describe(busy.latencies),
                      busy.longest, busy.latencies.Quantile(0.5) / idle.latencies.Quantile(0.5)));
    Print("  CreateModelVersion meanwhile", Describe(registrar.latencies()));
  }
}

}  // namespace cairn::bench
