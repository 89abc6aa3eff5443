#include <grpcpp/grpcpp.h>

#include <string>

#include "bench/serving/bare_calls.h"
#include "bench/serving/parts.h"
#include "fmt/format.h"

namespace cairn::bench {
namespace {

// Bytes of requests in a second, in millions.
double RequestMegabytes(const IngestResult& result) {
  if (result.points == 0) return 0;
  const double per_point =
      static_cast<double>(result.request_bytes) / static_cast<double>(result.points);
  return per_point * result.points_per_second / 1e6;
}

std::string DescribeIngest(const IngestResult& result) {
  return fmt::format("{:.2f} M/s durable  ack p50 {:.2f} p99 {:.2f} ms",
                     result.points_per_second / 1e6, result.acknowledgements.Quantile(0.5),
                     result.acknowledgements.Quantile(0.99));
}

void StreamWith(const Target& target, const Settings& settings, size_t max_unacknowledged) {
  IngestPlan plan;
  plan.seconds = settings.seconds * 2;
  plan.max_unacknowledged = max_unacknowledged;
  const IngestResult result = Ingest(target.channel, plan);
  const Rate disk = BareAppends(settings.parent, settings.seconds / 2, size_t{1} << 20);
  plan.seconds = settings.seconds / 2;
  const IngestResult bare = IngestBare(plan);
  Print(fmt::format("streamed points, {} messages of 1,000 under way", 4 * max_unacknowledged),
        DescribeIngest(result));
  const double megabytes = RequestMegabytes(result);
  const double disk_megabytes = disk.per_second * (1 << 20) / 1e6;
  const double bare_megabytes = RequestMegabytes(bare);
  Print("  its requests beside bare appends of 1 MiB + fdatasync",
        fmt::format("{:.0f} of {:.0f} MB/s ({:.2f} x)", megabytes, disk_megabytes,
                    megabytes / disk_megabytes));
  Print("  and beside the same messages to a bare gRPC stream",
        fmt::format("{:.0f} of {:.0f} MB/s ({:.2f} x)", megabytes, bare_megabytes,
                    megabytes / bare_megabytes));
}

// How many bytes the data directory has for each of `points` that came since `before`.
void PrintFolding(const Target& target, int64_t before, int64_t points) {
  Print("  waiting to be folded at the end",
        fmt::format("{:.1f} MB, directory {:.0f} MB",
                    Gauge(target.server, "cairn_metric_unfolded_bytes") / 1e6,
                    static_cast<double>(DirectoryBytes(target.server.data_dir()) - before) / 1e6));
  const double took = WaitForFolding(target.server);
  std::string text = fmt::format("{:.1f} s later, {:.1f} MB left raw", took,
                                 Gauge(target.server, "cairn_metric_unfolded_bytes") / 1e6);
  if (points > 0) {
    text += fmt::format(", {:.1f} bytes a point on disk",
                        static_cast<double>(DirectoryBytes(target.server.data_dir()) - before) /
                            static_cast<double>(points));
  }
  Print("  folded", text);
}

// Whether folding keeps up for longer than a buffer lasts.
void Sustain(const Target& target, const Settings& settings) {
  const int64_t before = DirectoryBytes(target.server.data_dir());
  IngestPlan plan;
  plan.seconds = settings.sustained;
  plan.max_unacknowledged = 12;
  const IngestResult result = Ingest(target.channel, plan);
  plan.seconds = settings.seconds / 2;
  const double bare_megabytes = RequestMegabytes(IngestBare(plan));
  Print(fmt::format("streamed points for {:.0f} s, 48 messages under way", settings.sustained),
        fmt::format("{}  ({:.2f} x bare gRPC stream), {:.0f} M points, memory {:.0f} MB",
                    DescribeIngest(result), RequestMegabytes(result) / bare_megabytes,
                    static_cast<double>(result.points) / 1e6,
                    Gauge(target.server, "process_resident_memory_bytes") / 1e6));
  PrintFolding(target, before, result.points);
}

}  // namespace

void Streams(const Target& target, const Settings& settings) {
  const int64_t before = DirectoryBytes(target.server.data_dir());
  for (const size_t max_unacknowledged : {5, 12}) {
    StreamWith(target, settings, max_unacknowledged);
  }
  PrintFolding(target, before, 0);
  if (settings.sustained > 0) Sustain(target, settings);
}

}  // namespace cairn::bench
