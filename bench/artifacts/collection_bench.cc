// A collection of half of the blobs of a server while others log metrics and send blobs: how
// long the writers wait, idle and beside it, how much memory it takes, what it gives back.
// usage: collection_bench [--blobs N] [--large-every N] [--writers N] [--seconds N]
//     [--data-dir PARENT]
#include <grpcpp/grpcpp.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "bench/artifacts/resident_peak.h"
#include "cairn/v1/artifacts.grpc.pb.h"
#include "cairn/v1/tracking.grpc.pb.h"
#include "fmt/format.h"
#include "google/longrunning/operations.grpc.pb.h"
#include "lib/base/digest.h"
#include "tests/testing/server_process.h"

namespace cairn::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using google::longrunning::Operation;
using google::longrunning::Operations;
using testing::ServerProcess;

struct Settings {
  int blobs = 200'000;
  int large_every = 200;  // even; of so many one is 64 KiB and goes to a pack
  int writers = 4;        // half log metrics, half send blobs
  int seconds = 5;        // of the measurement without a collection
  std::string parent = fs::temp_directory_path().string();
};

void Check(const grpc::Status& status, const char* what) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s: %s\n", what, status.error_message().c_str());
  std::exit(1);
}

std::string Noise(size_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (size_t i = 0; i + 8 <= size; i += 8) {
    const uint64_t word = random();
    std::memcpy(bytes.data() + i, &word, sizeof(word));
  }
  return bytes;
}

v1::BlobDigest Wire(const std::string& bytes) {
  v1::BlobDigest digest;
  digest.set_sha256(Sha256Hex(bytes));
  digest.set_size_bytes(static_cast<int64_t>(bytes.size()));
  return digest;
}

// The services of a server, over a connection of their own.
struct Stubs {
  explicit Stubs(const ServerProcess& server) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const auto channel = grpc::CreateCustomChannel(server.grpc_address(),
                                                   grpc::InsecureChannelCredentials(), arguments);
    artifacts = v1::ArtifactService::NewStub(channel);
    tracking = v1::TrackingService::NewStub(channel);
    operations = Operations::NewStub(channel);
  }
  std::unique_ptr<v1::ArtifactService::Stub> artifacts;
  std::unique_ptr<v1::TrackingService::Stub> tracking;
  std::unique_ptr<Operations::Stub> operations;
};

std::string CreateRun(Stubs& stubs) {
  grpc::ClientContext context;
  v1::CreateRunRequest request;
  request.set_parent("experiments/0");
  v1::Run run;
  Check(stubs.tracking->CreateRun(&context, request, &run), "create a run");
  return run.name();
}

void Put(Stubs& stubs, const v1::BatchUpdateBlobsRequest& request) {
  grpc::ClientContext context;
  v1::BatchUpdateBlobsResponse response;
  Check(stubs.artifacts->BatchUpdateBlobs(&context, request, &response), "send blobs");
}

// Blobs 0 to n, of which a run refers to every other one.
void Fill(Stubs& stubs, const Settings& settings) {
  constexpr int kBatch = 500;
  const std::string run = CreateRun(stubs);
  for (int begin = 0; begin < settings.blobs; begin += kBatch) {
    v1::BatchUpdateBlobsRequest batch;
    v1::LogArtifactsRequest log;
    log.set_run(run);
    int64_t bytes = 0;
    for (int i = begin; i < std::min(settings.blobs, begin + kBatch); ++i) {
      // Runs of large ones are all dead, so that their packs are given back.
      // Four of five large ones are dead, so that their packs are worth writing anew.
      const bool large = i % settings.large_every == 1 || i % (4 * settings.large_every) == 0;
      std::string content = Noise(large ? 64 << 10 : 1 << 10, static_cast<uint64_t>(i));
      auto* entry = batch.add_entries();
      *entry->mutable_digest() = Wire(content);
      bytes += static_cast<int64_t>(content.size());
      if (i % 2 == 0) {
        auto* file = log.add_files();
        file->set_path(fmt::format("{:03}/{}", i / 1000, i));
        *file->mutable_digest() = entry->digest();
      }
      entry->set_data(std::move(content));
      if (bytes > 2'500'000) {
        Put(stubs, batch);
        batch.Clear();
        bytes = 0;
      }
    }
    Put(stubs, batch);
    grpc::ClientContext context;
    v1::LogArtifactsResponse logged;
    Check(stubs.artifacts->LogArtifacts(&context, log, &logged), "log artifacts");
  }
}

// Writers that note how long each of their calls took, in milliseconds.
class Writers {
 public:
  Writers(const ServerProcess& server, int count) {
    times_.resize(static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([this, &server, i] { i % 2 == 0 ? Log(server, i) : Send(server, i); });
    }
  }

  // The calls' times of those that log (first) and of those that send blobs.
  std::pair<std::vector<double>, std::vector<double>> Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    std::pair<std::vector<double>, std::vector<double>> all;
    for (size_t i = 0; i < times_.size(); ++i) {
      auto& to = i % 2 == 0 ? all.first : all.second;
      to.insert(to.end(), times_[i].begin(), times_[i].end());
    }
    return all;
  }

 private:
  template <typename Call>
  void Time(int writer, Call call) {
    const auto begin = Clock::now();
    call();
    times_[static_cast<size_t>(writer)].push_back(
        std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
  }

  void Log(const ServerProcess& server, int writer) {
    Stubs stubs(server);
    v1::LogBatchRequest batch;
    batch.set_run(CreateRun(stubs));
    auto* columns = batch.add_metrics();
    columns->set_key("loss");
    columns->add_steps(0);
    columns->add_values(0.5);
    for (int64_t step = 0; !stop_; ++step) {
      columns->set_steps(0, step);
      Time(writer, [&] {
        grpc::ClientContext context;
        v1::LogBatchResponse response;
        Check(stubs.tracking->LogBatch(&context, batch, &response), "log");
      });
    }
  }

  void Send(const ServerProcess& server, int writer) {
    static std::atomic<uint64_t> seed{1'000'000'000};
    Stubs stubs(server);
    while (!stop_) {
      v1::BatchUpdateBlobsRequest batch;
      for (int i = 0; i < 16; ++i) {
        auto* entry = batch.add_entries();
        entry->set_data(Noise(1 << 10, ++seed));
        *entry->mutable_digest() = Wire(entry->data());
      }
      Time(writer, [&] { Put(stubs, batch); });
    }
  }

  std::atomic<bool> stop_{false};
  std::vector<std::vector<double>> times_;
  std::vector<std::thread> threads_;
};

double Percentile(std::vector<double> times, double share) {
  if (times.empty()) return 0;
  std::sort(times.begin(), times.end());
  return times[static_cast<size_t>(share * static_cast<double>(times.size() - 1))];
}

v1::CollectGarbageResponse Collect(Stubs& stubs, bool dry_run) {
  grpc::ClientContext context;
  v1::CollectGarbageRequest request;
  request.set_dry_run(dry_run);
  Operation operation;
  Check(stubs.artifacts->CollectGarbage(&context, request, &operation), "collect");
  while (!operation.done()) {
    grpc::ClientContext wait_context;
    google::longrunning::WaitOperationRequest wait;
    wait.set_name(operation.name());
    wait.mutable_timeout()->set_seconds(20);
    Check(stubs.operations->WaitOperation(&wait_context, wait, &operation), "wait");
  }
  v1::CollectGarbageResponse response;
  if (!operation.response().UnpackTo(&response)) {
    std::fprintf(stderr, "the collection failed: %s\n", operation.error().message().c_str());
    std::exit(1);
  }
  return response;
}

int64_t BytesBelow(const std::string& folder) {
  int64_t bytes = 0;
  std::error_code ignored;
  for (const auto& file : fs::recursive_directory_iterator(folder, ignored)) {
    if (file.is_regular_file(ignored)) bytes += static_cast<int64_t>(file.file_size(ignored));
  }
  return bytes;
}

void Report(const char* who, const std::vector<double>& idle, const std::vector<double>& busy) {
  const double before = Percentile(idle, 0.99), during = Percentile(busy, 0.99);
  std::printf("%-22s p50 %7.3f -> %7.3f ms   p99 %7.3f -> %7.3f ms   ratio %.2f   calls %zu, %zu\n",
              who, Percentile(idle, 0.5), Percentile(busy, 0.5), before, during, during / before,
              idle.size(), busy.size());
}

void Measure(const ServerProcess& server, const Settings& settings) {
  Stubs stubs(server);
  Fill(stubs, settings);
  const std::string packs = server.data_dir() + "/packs";
  std::vector<double> idle_logs, idle_sends;
  int64_t idle_growth = 0;
  {
    ResidentPeak peak(server.pid());
    Writers writers(server, settings.writers);
    std::this_thread::sleep_for(std::chrono::seconds(settings.seconds));
    std::tie(idle_logs, idle_sends) = writers.Stop();
    idle_growth = peak.Growth();
  }
  // Until the leases of what was filled in are over.
  while (Collect(stubs, true).removed_blob_count() < settings.blobs / 2) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
  const int64_t packs_before = BytesBelow(packs), store_before = BytesBelow(server.data_dir());
  ResidentPeak peak(server.pid());
  Writers writers(server, settings.writers);
  const auto begin = Clock::now();
  const auto done = Collect(stubs, false);
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const auto [logs, sends] = writers.Stop();
  const int64_t growth = peak.Growth();
  std::printf("removed %lld of %lld blobs (%.1f MB) in %.2f s, %.0f a second; %lld leased\n",
              static_cast<long long>(done.removed_blob_count()),
              static_cast<long long>(done.examined_blob_count()),
              static_cast<double>(done.removed_bytes()) / 1e6, seconds,
              static_cast<double>(done.removed_blob_count()) / seconds,
              static_cast<long long>(done.leased_blob_count()));
  Report("LogBatch", idle_logs, logs);
  Report("BatchUpdateBlobs, 16", idle_sends, sends);
  std::printf(
      "memory +%.1f MB, +%.1f MB by the writers alone; packs %.1f -> %.1f MB, freed %.1f MB, all "
      "%.1f -> %.1f "
      "MB\n",
      static_cast<double>(growth) / 1e6, static_cast<double>(idle_growth) / 1e6,
      static_cast<double>(packs_before) / 1e6, static_cast<double>(BytesBelow(packs)) / 1e6,
      static_cast<double>(done.freed_bytes()) / 1e6, static_cast<double>(store_before) / 1e6,
      static_cast<double>(BytesBelow(server.data_dir())) / 1e6);
}

int Main(int argc, char** argv) {
  // See server/rpc/grpc_server.cc.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  Settings settings;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--blobs") settings.blobs = std::atoi(argv[i + 1]);
    if (flag == "--large-every") settings.large_every = std::max(std::atoi(argv[i + 1]), 1);
    if (flag == "--writers") settings.writers = std::atoi(argv[i + 1]);
    if (flag == "--seconds") settings.seconds = std::atoi(argv[i + 1]);
    if (flag == "--data-dir") settings.parent = argv[i + 1];
  }
  std::string folder = settings.parent + "/cairn-collection-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  ::setenv("CAIRND_BLOB_LEASE", "1s", 1);
  {
    ServerProcess server(folder + "/store");
    if (!server.Start()) return 1;
    Measure(server, settings);
    server.Stop();
  }
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  return 0;
}

}  // namespace
}  // namespace cairn::bench

int main(int argc, char** argv) { return cairn::bench::Main(argc, argv); }
