#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "bench/serving/bare_calls.h"
#include "bench/serving/parts.h"
#include "fmt/format.h"

namespace cairn::bench {
namespace {

// `points` of one series "loss", logged; its run.
std::string LongSeries(Stub& stub, int64_t points) {
  std::string run = NewRun(stub);
  constexpr int kPoints = 100'000;
  std::mt19937_64 random(1);
  std::normal_distribution<double> noise(0.3, 0.02);
  grpc::ClientContext context;
  const auto stream = stub.LogMetrics(&context);
  for (int64_t first = 0; first < points; first += kPoints) {
    v1::LogMetricsRequest message;
    message.set_run(run);
    message.set_batch_number(first / kPoints + 1);
    v1::MetricColumns& columns = *message.add_metrics();
    columns.set_key("loss");
    for (int64_t i = first; i < std::min(points, first + kPoints); ++i) {
      columns.add_steps(i);
      columns.add_times_unix_millis(1'700'000'000'000 + i * 50);
      columns.add_values(static_cast<float>(noise(random)));
    }
    stream->Write(message);
  }
  stream->WritesDone();
  for (v1::LogMetricsResponse answer; stream->Read(&answer);) continue;
  Check(stream->Finish(), "LogMetrics");
  return run;
}

// What a read was answered with.
struct Answer {
  int64_t messages = 0;
  int64_t bytes = 0;
  int64_t points = 0;  // or those under the buckets
};

Answer Weigh(Stub& stub, const v1::ReadMetricsRequest& request) {
  Answer answer;
  grpc::ClientContext context;
  const auto stream = stub.ReadMetrics(&context, request);
  for (v1::ReadMetricsResponse part; stream->Read(&part);) {
    ++answer.messages;
    answer.bytes += static_cast<int64_t>(part.ByteSizeLong());
    answer.points += part.columns().steps_size();
    for (const auto& bucket : part.buckets()) answer.points += bucket.point_count();
  }
  Check(stream->Finish(), "ReadMetrics");
  return answer;
}

// Ranges of a series: all of it each time, or others of at least a hundredth.
enum class Range { kAsAsked, kRandom };

Latencies TimeReads(Stub& stub, const v1::ReadMetricsRequest& request, int64_t length, int times,
                    Range range) {
  std::mt19937_64 random(2);
  Latencies latencies;
  for (int i = 0; i < times; ++i) {
    v1::ReadMetricsRequest read = request;
    if (range == Range::kRandom) {
      const auto a = static_cast<int64_t>(random() % static_cast<uint64_t>(length / 2));
      read.set_start_step(a);
      read.set_end_step(a + length / 100 +
                        static_cast<int64_t>(random() % static_cast<uint64_t>(length / 2)));
    }
    grpc::ClientContext context;
    const auto begin = Clock::now();
    const auto stream = stub.ReadMetrics(&context, read);
    for (v1::ReadMetricsResponse part; stream->Read(&part);) continue;
    Check(stream->Finish(), "ReadMetrics");
    latencies.Add(Clock::now() - begin);
  }
  return latencies;
}

// "p50 …  p99 …" and what that is to a bare stream with the same bytes.
std::string BesideStream(const Latencies& latencies, const Latencies& bare, const Answer& answer) {
  return fmt::format("p50 {:.2f} p99 {:.2f} ms ({:.1f} x a bare stream of {} kB: {:.2f} ms)",
                     latencies.Quantile(0.5), latencies.Quantile(0.99),
                     latencies.Quantile(0.5) / bare.Quantile(0.5), answer.bytes / 1000,
                     bare.Quantile(0.5));
}

void Zooms(const Target& target, const Settings& settings, const std::string& run, int64_t length) {
  v1::ReadMetricsRequest request;
  request.set_key("loss");
  request.set_run(run);
  request.set_max_buckets(2000);
  const Answer answer = Weigh(target.stub, request);
  if (answer.points != length) {
    std::fprintf(stderr, "%lld points under the buckets\n", static_cast<long long>(answer.points));
    std::exit(1);
  }
  const Latencies bare = TimeBareStreams(settings.seconds / 4, answer.messages, answer.bytes);
  const Latencies whole = TimeReads(target.stub, request, length, 100, Range::kAsAsked);
  Print(fmt::format("{} points to 2,000 buckets, whole", length),
        BesideStream(whole, bare, answer));
  const Latencies ranges = TimeReads(target.stub, request, length, 200, Range::kRandom);
  Print(fmt::format("{} points to 2,000 buckets, ranges", length),
        BesideStream(ranges, bare, answer));
}

// A history of 100,000 points, as `request` asks for it.
void History(const Target& target, const Settings& settings, const v1::ReadMetricsRequest& request,
             const std::string& what) {
  const Answer answer = Weigh(target.stub, request);
  const Latencies bare = TimeBareStreams(settings.seconds / 4, answer.messages, answer.bytes);
  const Latencies reads = TimeReads(target.stub, request, 100'000, 50, Range::kAsAsked);
  Print(fmt::format("history of {} points, {}", answer.points, what),
        BesideStream(reads, bare, answer));
}

// Logs a long series, waits until it is folded, and reads it.
std::string LogAndZoom(const Target& target, const Settings& settings, int64_t points) {
  const int64_t before = DirectoryBytes(target.server.data_dir());
  const auto begin = Clock::now();
  std::string run = LongSeries(target.stub, points);
  const double logged = SecondsSince(begin);
  const double folded = WaitForFolding(target.server);
  Print(fmt::format("{} points of one series", points),
        fmt::format("logged in {:.1f} s ({:.2f} M/s), folded {:.1f} s later, {:.0f} MB before "
                    "compaction, memory {:.0f} MB",
                    logged, static_cast<double>(points) / logged / 1e6, folded,
                    static_cast<double>(DirectoryBytes(target.server.data_dir()) - before) / 1e6,
                    Gauge(target.server, "process_resident_memory_bytes") / 1e6));
  Zooms(target, settings, run, points);
  return run;
}

// What a chart of many runs asks for: one metric of 100 runs of 100,000 points, to 1,000 buckets
// each, in one call and in a call each.
void ChartOfManyRuns(const Target& target, const Settings& settings) {
  constexpr int kRuns = 100;
  v1::ReadCurvesRequest request;
  request.add_keys("loss");
  for (int i = 0; i < kRuns; ++i) request.add_runs(LongSeries(target.stub, 100'000));
  WaitForFolding(target.server);
  Answer answer;
  Latencies together;
  Latencies apart;
  for (int i = 0; i < 10; ++i) {
    answer = {};
    grpc::ClientContext context;
    auto begin = Clock::now();
    const auto stream = target.stub.ReadCurves(&context, request);
    for (v1::ReadCurvesResponse curve; stream->Read(&curve); ++answer.messages) {
      answer.bytes += static_cast<int64_t>(curve.ByteSizeLong());
      answer.points += curve.point_count();
    }
    Check(stream->Finish(), "ReadCurves");
    together.Add(Clock::now() - begin);
    begin = Clock::now();
    for (const std::string& run : request.runs()) {
      v1::ReadMetricsRequest one;
      one.set_run(run);
      one.set_key("loss");
      one.set_max_buckets(1000);
      Weigh(target.stub, one);
    }
    apart.Add(Clock::now() - begin);
  }
  const Latencies bare = TimeBareStreams(settings.seconds / 4, answer.messages, answer.bytes);
  Print(fmt::format("{} curves of {} points to 1,000 buckets", answer.messages,
                    answer.points / answer.messages),
        BesideStream(together, bare, answer));
  Print("the same with a call of ReadMetrics each",
        fmt::format("p50 {:.1f} ms ({:.2f} x one call)", apart.Quantile(0.5),
                    apart.Quantile(0.5) / together.Quantile(0.5)));
}

}  // namespace

void Curves(const Target& target, const Settings& settings) {
  v1::ReadMetricsRequest request;
  request.set_key("loss");
  request.set_run(LongSeries(target.stub, 100'000));
  History(target, settings, request, "raw");
  WaitForFolding(target.server);
  History(target, settings, request, "folded");
  ChartOfManyRuns(target, settings);
  LogAndZoom(target, settings, 10'000'000);
  if (!settings.huge) return;
  request.set_run(LogAndZoom(target, settings, 100'000'000));
  request.set_start_step(49'900'000);
  request.set_end_step(50'000'000);  // exclusive
  History(target, settings, request, "of 10^8");
}

}  // namespace cairn::bench
