// The whole call over loopback gRPC, beside a server that only answers with as many bytes.

#include <grpcpp/grpcpp.h>

#include <utility>

#include "bench/promotion/world.h"
#include "bench/serving/bare_calls.h"
#include "fmt/format.h"

namespace cairn::bench {
namespace {

Latencies TimePromotions(World& world, const Shape& shape, bool dry_run, double seconds,
                         int64_t& bytes) {
  Latencies latencies;
  const auto begin = Clock::now();
  while (SecondsSince(begin) < seconds) {
    v1::Decision decision;
    const auto start = Clock::now();
    Check(Promote(world, shape, dry_run, decision), "Promote");
    latencies.Add(Clock::now() - start);
    bytes = static_cast<int64_t>(decision.ByteSizeLong());
  }
  return latencies;
}

}  // namespace

void WholeCalls(const Settings& settings) {
  for (const auto& [versions, checks] : {std::pair{50, 12}, std::pair{200, 10}}) {
    World world(settings.parent, fmt::format("calls-{}", versions));
    Shape shape;
    shape.versions = versions;
    shape.checks = checks;
    shape.max = versions;
    world.Fill(shape);
    int64_t bytes = 0;
    TimePromotions(world, shape, false, settings.seconds / 10, bytes);
    const double bare = TimeBareAnswers(settings.seconds / 2, bytes).Quantile(0.5);
    for (const bool dry_run : {false, true}) {
      const Latencies took = TimePromotions(world, shape, dry_run, settings.seconds, bytes);
      Print(fmt::format("Promote of {} x {}, {}", versions, checks,
                        dry_run ? "a dry run" : "NO_CHANGE"),
            fmt::format("{}  ({:.1f} x a bare call answered with {} bytes, {:.2f} ms)",
                        Describe(took), took.Quantile(0.5) / bare, bytes, bare));
    }
  }
}

}  // namespace cairn::bench
