// LogBatch without RPC, in the shapes that clients send: planning, the commit, and
// what the compactor is told, beside an append of the request's bytes with fdatasync in
// the same run. Prints milliseconds a batch. Usage: logging_bench [SECONDS] [KEYS POINTS]
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/resource_names.h"
#include "server/metrics/backlog.h"
#include "server/storage/keyspace.h"
#include "server/storage/rocks_store.h"
#include "server/tracking/merge_records.h"
#include "server/tracking/run_logging.h"

namespace cairn::tracking {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kRunId = "0123456789abcdef0123456789abcdef";

double MillisSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

void CreateRun(storage::KvStore& store) {
  cairn::internal::RunRecord record;
  record.mutable_run()->set_uid(std::string(kRunId));
  record.mutable_run()->set_name(FormatRunName(0, kRunId));
  storage::WriteSet set;
  set.PutRecord(storage::RunKey(kRunId), record.SerializeAsString());
  if (!store.CommitAndWait(std::move(set)).ok()) std::abort();
}

v1::LogBatchRequest Batch(int keys, int points, int64_t first_step) {
  v1::LogBatchRequest request;
  request.set_run(FormatRunName(0, kRunId));
  for (int k = 0; k < keys; ++k) {
    v1::MetricColumns& columns = *request.add_metrics();
    columns.set_key(fmt::format("metric_{:04}", k));
    for (int i = 0; i < points; ++i) {
      columns.add_steps(first_step + i);
      columns.add_values(0.25 + static_cast<double>((first_step + i) % 97) / 1024);
    }
  }
  return request;
}

double BareAppend(const std::string& directory, size_t bytes, double seconds) {
  const std::string path = directory + "/append";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
  const std::string data(bytes, 'x');
  std::vector<double> took;
  for (const auto begin = Clock::now(); MillisSince(begin) < seconds * 1000;) {
    const auto start = Clock::now();
    if (::write(fd, data.data(), data.size()) < 0 || ::fdatasync(fd) != 0) std::abort();
    took.push_back(MillisSince(start));
  }
  ::close(fd);
  return Median(std::move(took));
}

void Measure(const std::string& directory, int keys, int points, double seconds) {
  storage::RocksOptions options;
  options.directory = directory + fmt::format("/{}x{}", keys, points);
  options.merge = MergeRecords;
  const auto store = storage::OpenRocksStore(std::move(options)).value();
  CreateRun(*store);
  metrics::FoldBacklog backlog;
  std::vector<double> plans;
  std::vector<double> commits;
  std::vector<double> notes;
  size_t bytes = 0;
  int64_t step = 0;
  for (const auto begin = Clock::now(); MillisSince(begin) < seconds * 1000; step += points) {
    const v1::LogBatchRequest request = Batch(keys, points, step);
    bytes = request.ByteSizeLong();
    const CallFacts facts{1'700'000'000'000'000'000 + step, fmt::format("{:032x}", step)};
    const auto start = Clock::now();
    for (const auto& columns : request.metrics()) backlog.Add(kRunId, columns.key(), 16);
    notes.push_back(MillisSince(start));
    const auto before_plan = Clock::now();
    auto plan = PlanLogBatch(*store->GetSnapshot(), request, facts);
    plans.push_back(MillisSince(before_plan));
    const auto before_commit = Clock::now();
    if (!plan.ok() || !store->CommitAndWait(std::move(plan->write_set)).ok()) std::abort();
    commits.push_back(MillisSince(before_commit));
  }
  const double bare = BareAppend(directory, bytes, seconds / 4);
  const double plan = Median(plans);
  const double commit = Median(commits);
  std::printf(
      "%4d keys x %4d points: backlog %.3f  plan %.3f  commit %.3f ms  (%.1f x bare %.3f)\n", keys,
      points, Median(notes), plan, commit, (plan + commit) / bare, bare);
}

void Main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 2;
  const std::string directory =
      (std::filesystem::temp_directory_path() / fmt::format("cairn-logging-bench-{}", ::getpid()))
          .string();
  std::filesystem::create_directories(directory);
  if (argc > 3) {
    Measure(directory, std::atoi(argv[2]), std::atoi(argv[3]), seconds);
  } else {
    for (const auto& [keys, points] : {std::pair{1, 1}, {1, 1000}, {1000, 1}}) {
      Measure(directory, keys, points, seconds);
    }
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace cairn::tracking

int main(int argc, char** argv) {
  cairn::tracking::Main(argc, argv);
  return 0;
}
