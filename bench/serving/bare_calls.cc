#include "bench/serving/bare_calls.h"

#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

#include "bench/serving/bare_server.h"

namespace cairn::bench {
namespace {

// A bare server with a connection to it.
struct BareConnection {
  BareConnection() {
    if (!server.address().empty()) return;
    std::fprintf(stderr, "the bare server did not start\n");
    std::exit(1);
  }

  const BareServer server;
  const std::shared_ptr<grpc::Channel> channel = Connect(server.address());
  const std::unique_ptr<Stub> stub = v1::TrackingService::NewStub(channel);
};

template <typename Call>
Latencies TimeFor(double seconds, Call&& call) {
  call();  // connects
  Latencies latencies;
  const auto begin = Clock::now();
  while (latencies.size() == 0 || SecondsSince(begin) < seconds) {
    const auto start = Clock::now();
    call();
    latencies.Add(Clock::now() - start);
  }
  return latencies;
}

}  // namespace

Rate BareAppends(const std::string& parent, double seconds, size_t bytes) {
  const std::string path = parent + "/cairn-bench-append";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  const std::string data(bytes, 'x');
  const auto append = [&] {
    if (::write(fd, data.data(), data.size()) == static_cast<ssize_t>(data.size()) &&
        ::fdatasync(fd) == 0) {
      return;
    }
    std::perror(path.c_str());
    std::exit(1);
  };
  Rate rate;
  const auto begin = Clock::now();
  rate.latencies = TimeFor(seconds, append);
  rate.per_second = static_cast<double>(rate.latencies.size() + 1) / SecondsSince(begin);
  ::close(fd);
  ::unlink(path.c_str());
  return rate;
}

Latencies TimeBareBatches(double seconds, const v1::LogBatchRequest& request) {
  const BareConnection bare;
  return TimeFor(seconds, [&] {
    grpc::ClientContext context;
    v1::LogBatchResponse response;
    Check(bare.stub->LogBatch(&context, request, &response), "a bare LogBatch");
  });
}

Latencies TimeBareAnswers(double seconds, int64_t bytes) {
  const BareConnection bare;
  v1::SearchRunsRequest request;
  request.set_page_size(static_cast<int32_t>(bytes));
  return TimeFor(seconds, [&] {
    grpc::ClientContext context;
    v1::SearchRunsResponse response;
    Check(bare.stub->SearchRuns(&context, request, &response), "a bare SearchRuns");
  });
}

Latencies TimeBareStreams(double seconds, int64_t messages, int64_t bytes) {
  const BareConnection bare;
  v1::ReadMetricsRequest request;
  request.set_max_buckets(static_cast<int32_t>(messages));
  request.set_end_step(bytes / std::max<int64_t>(messages, 1));
  return TimeFor(seconds, [&] {
    grpc::ClientContext context;
    const auto stream = bare.stub->ReadMetrics(&context, request);
    for (v1::ReadMetricsResponse part; stream->Read(&part);) continue;
    Check(stream->Finish(), "a bare ReadMetrics");
  });
}

IngestResult IngestBare(const IngestPlan& plan) {
  const BareConnection bare;
  return Ingest(bare.channel, plan);
}

double BareScanMillis(int64_t rows) {
  std::mt19937_64 random(1);
  std::vector<double> column(static_cast<size_t>(rows));
  for (double& value : column) value = static_cast<double>(random() >> 11) * 0x1p-53;
  Latencies latencies;
  size_t hits = 0;
  for (int i = 0; i < 101; ++i) {
    const auto begin = Clock::now();
    const double bound = 0.3 + i * 0.001;
    for (const double value : column) hits += value > bound ? 1 : 0;
    latencies.Add(Clock::now() - begin);
  }
  if (hits > 101 * column.size()) std::abort();  // so that the loop is not left out
  return latencies.Quantile(0.5);
}

}  // namespace cairn::bench
