// A server that is asked for far more than it can do, over loopback, client included.
// For each kind of call: the best goodput of a few numbers of calls in flight, then that with
// many times as many, from callers that wait as RetryInfo asks and from callers that do not.
// usage: overload_bench [--seconds N] [--times N] [--deadline SECONDS] [--runs N]
//     [--data-dir PARENT] [--server ADDRESS] [--only small|batch|search|upload|download|beside]
// --server: of a server that runs already.
#include <grpcpp/grpcpp.h>
#include <stdlib.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <random>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "bench/serving/bare_server.h"
#include "bench/serving/hammer.h"
#include "bench/serving/reads.h"
#include "cairn/v1/artifacts.grpc.pb.h"
#include "fmt/format.h"
#include "lib/base/digest.h"
#include "tests/testing/server_process.h"

namespace cairn::bench {
namespace {

constexpr size_t kBlobBytes = size_t{256} << 10;
constexpr size_t kChunkBytes = size_t{512} << 10;
constexpr int kChunks = 128;  // of a large blob

struct Settings {
  double seconds = 5;
  int times = 50;
  double deadline = 5;
  int64_t runs = 10'000;
  std::string parent = std::filesystem::temp_directory_path().string();
  std::string server;
  std::string only;

  bool Wants(const std::string& part) const { return only.empty() || only == part; }
};

void Print(const std::string& what, const std::string& result) {
  std::printf("%-44s %s\n", what.c_str(), result.c_str());
  std::fflush(stdout);
}

KindOfCall Writes(Stub& stub, const std::string& name, int points, std::vector<int> in_flight) {
  constexpr int kRuns = 16;
  std::vector<std::string> runs;
  for (int i = 0; i < kRuns; ++i) runs.push_back(NewRun(stub));
  // Each Hammer counts its requests anew, but no step is logged twice.
  const auto next = std::make_shared<std::atomic<int64_t>>(0);
  const auto request = [runs, points, next](int64_t) {
    const int64_t i = (*next)++;
    v1::LogBatchRequest batch;
    batch.set_run(runs[static_cast<size_t>(i % kRuns)]);
    v1::MetricColumns& columns = *batch.add_metrics();
    columns.set_key("loss");
    for (int k = 0; k < points; ++k) {
      columns.add_steps(i / kRuns * points + k);
      columns.add_values(0.25 + static_cast<double>(k % 97) / 1024);
    }
    return BytesOf(batch);
  };
  return {name, "/cairn.v1.TrackingService/LogBatch", request, std::move(in_flight)};
}

KindOfCall Searches(const std::string& experiment) {
  const auto request = [experiment](int64_t i) {
    v1::SearchRunsRequest search;
    search.add_parents(experiment);
    search.set_filter(fmt::format("metrics.m3 > 0.{} AND params.p1 < 50", 10 + i % 80));
    search.set_order_by("metrics.m5 desc");
    search.set_page_size(20);
    return BytesOf(search);
  };
  return {"search of 20 runs", "/cairn.v1.TrackingService/SearchRuns", request, {4, 16}};
}

// Bytes that no other blob has.
std::string NewBytes(size_t bytes, int64_t number) {
  static const std::string noise = [] {
    std::mt19937_64 random(1);
    std::string made(kChunkBytes, '\0');
    for (char& byte : made) byte = static_cast<char>(random());
    return made;
  }();
  std::string result = noise.substr(0, bytes);
  std::memcpy(result.data(), &number, sizeof(number));
  return result;
}

v1::BlobDigest WireDigest(std::string_view bytes) {
  const Digest digest = DigestOf(bytes);
  v1::BlobDigest wire;
  wire.set_sha256(digest.Hex());
  wire.set_size_bytes(digest.size_bytes);
  return wire;
}

v1::BatchUpdateBlobsRequest UploadOf(std::string bytes) {
  v1::BatchUpdateBlobsRequest request;
  auto* entry = request.add_entries();
  *entry->mutable_digest() = WireDigest(bytes);
  entry->set_data(std::move(bytes));
  return request;
}

KindOfCall Uploads() {
  static std::atomic<int64_t> number{0};
  return {"upload of 256 KiB",
          "/cairn.v1.ArtifactService/BatchUpdateBlobs",
          [](int64_t) { return BytesOf(UploadOf(NewBytes(kBlobBytes, ++number))); },
          {4, 16}};
}

void Send(v1::ArtifactService::Stub& stub, const v1::BatchUpdateBlobsRequest& request) {
  grpc::ClientContext context;
  v1::BatchUpdateBlobsResponse response;
  Check(stub.BatchUpdateBlobs(&context, request, &response), "BatchUpdateBlobs");
}

KindOfCall Downloads(v1::ArtifactService::Stub& stub) {
  constexpr int kBlobs = 64;
  std::vector<grpc::ByteBuffer> requests;
  for (int i = 0; i < kBlobs; ++i) {
    const auto upload = UploadOf(NewBytes(kBlobBytes, -1 - i));
    Send(stub, upload);
    v1::BatchReadBlobsRequest read;
    *read.add_digests() = upload.entries(0).digest();
    requests.push_back(BytesOf(read));
  }
  return {"download of 256 KiB",
          "/cairn.v1.ArtifactService/BatchReadBlobs",
          [requests](int64_t i) { return requests[static_cast<size_t>(i % kBlobs)]; },
          {4, 16}};
}

// The same chunks in another order are another blob.
KindOfCall Splices(v1::ArtifactService::Stub& stub) {
  constexpr int kBlobs = 64;
  std::vector<std::string> chunks;
  for (int i = 0; i < kChunks; ++i) {
    chunks.push_back(NewBytes(kChunkBytes, -1000 - i));
    Send(stub, UploadOf(chunks.back()));
  }
  std::vector<grpc::ByteBuffer> requests;
  std::mt19937_64 random(7);
  for (int i = 0; i < kBlobs; ++i) {
    std::shuffle(chunks.begin(), chunks.end(), random);
    std::string whole;
    v1::SpliceBlobRequest splice;
    for (const std::string& chunk : chunks) {
      whole += chunk;
      *splice.add_chunks() = WireDigest(chunk);
    }
    *splice.mutable_digest() = WireDigest(whole);
    requests.push_back(BytesOf(splice));
  }
  return {"splice of 64 MiB",
          "/cairn.v1.ArtifactService/SpliceBlob",
          [requests](int64_t i) { return requests[static_cast<size_t>(i % kBlobs)]; },
          {8}};
}

std::string Describe(const HammerResult& result) {
  return fmt::format(
      "{:7.0f} per s, p50 {:6.1f} p99 {:7.1f} ms; refused {:7.0f} per s, p99 {:6.1f} ms{}",
      result.goodput, result.accepted.Quantile(0.5), result.accepted.Quantile(0.99),
      result.refusals, result.refused.Quantile(0.99),
      result.failures == 0 ? "" : fmt::format("; failed {:.0f} per s", result.failures));
}

void Overload(const std::string& address, const KindOfCall& kind, Manners manners,
              const Settings& settings) {
  double peak = 0;
  int best = 1;
  if (kind.settle_seconds > 0) {
    const HammerResult owed = Hammer(address, kind, kind.in_flight.back(), kind.settle_seconds,
                                     Manners::kPolite, settings.deadline);
    Print(fmt::format("{}, {} in flight, at first", kind.name, kind.in_flight.back()),
          Describe(owed));
  }
  for (const int in_flight : kind.in_flight) {
    const HammerResult result =
        Hammer(address, kind, in_flight, settings.seconds, Manners::kPolite, settings.deadline);
    Print(fmt::format("{}, {} in flight", kind.name, in_flight), Describe(result));
    if (result.goodput > peak) {
      peak = result.goodput;
      best = in_flight;
    }
  }
  const int callers = best * settings.times;
  const HammerResult result =
      Hammer(address, kind, callers, settings.seconds, manners, settings.deadline);
  Print(fmt::format("{}, {} in flight, {}", kind.name, callers,
                    manners == Manners::kPolite ? "polite" : "impolite"),
        fmt::format("{}  = {:.0f} % of the peak", Describe(result), 100 * result.goodput / peak));
}

// One search after the other, alone and while blobs are worked on.
void Beside(const std::string& address, const KindOfCall& search,
            const std::vector<KindOfCall>& others, const Settings& settings) {
  const HammerResult idle =
      Hammer(address, search, 1, settings.seconds, Manners::kPolite, settings.deadline);
  Print("one search after the other, alone", Describe(idle));
  for (const KindOfCall& other : others) {
    HammerResult load;
    std::thread loader(
        [&] { load = Hammer(address, other, 16, settings.seconds + 0.5, Manners::kPolite, 30); });
    const HammerResult beside =
        Hammer(address, search, 1, settings.seconds, Manners::kPolite, settings.deadline);
    loader.join();
    Print(fmt::format("the same beside 16 x {}", other.name),
          fmt::format("{}  = {:.1f} x alone (p50)", Describe(beside),
                      beside.accepted.Quantile(0.5) / idle.accepted.Quantile(0.5)));
    Print(fmt::format("  {}", other.name), Describe(load));
  }
}

Settings ParseSettings(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    const char* value = argv[i + 1];
    if (flag == "--seconds") settings.seconds = std::atof(value);
    if (flag == "--times") settings.times = std::atoi(value);
    if (flag == "--deadline") settings.deadline = std::atof(value);
    if (flag == "--runs") settings.runs = std::atoll(value);
    if (flag == "--data-dir") settings.parent = value;
    if (flag == "--server") settings.server = value;
    if (flag == "--only") settings.only = value;
  }
  return settings;
}

const std::vector<std::string> kOverloaded = {"small", "batch", "upload", "download", "search"};

KindOfCall KindOf(const std::string& part, const std::string& address, const Settings& settings) {
  const auto channel = Connect(address);
  const auto tracking = v1::TrackingService::NewStub(channel);
  if (part == "small") return Writes(*tracking, "small write", 1, {16, 64});
  if (part == "batch") {
    KindOfCall batches = Writes(*tracking, "LogBatch of 2,000 points", 2000, {4, 16});
    batches.settle_seconds = 2 * settings.seconds;
    return batches;
  }
  if (part == "upload") return Uploads();
  if (part == "download") return Downloads(*v1::ArtifactService::NewStub(channel));
  return Searches(FillExperiment(*tracking, settings.runs));
}

void MeasureBeside(const std::string& address, const Settings& settings) {
  const auto channel = Connect(address);
  const auto artifacts = v1::ArtifactService::NewStub(channel);
  const auto tracking = v1::TrackingService::NewStub(channel);
  Beside(address, Searches(FillExperiment(*tracking, settings.runs)),
         {Uploads(), Downloads(*artifacts), Splices(*artifacts)}, settings);
}

// Calls `measure` with the address of a server: that of the settings, or one with an empty
// store. Each measurement has its own, because a machine's memory may become slow when gigabytes
// were written to it.
bool WithServer(const Settings& settings, const std::function<void(const std::string&)>& measure) {
  if (!settings.server.empty()) {
    measure(settings.server);
    return true;
  }
  std::string pattern = settings.parent + "/cairn-overload-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) return false;
  testing::ServerProcess server(pattern + "/store");
  const bool started = server.Start();
  if (started) {
    measure(server.grpc_address());
    server.Stop();
  }
  std::error_code ignored;
  std::filesystem::remove_all(pattern, ignored);
  return started;
}

int Main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], kBareServerFlag) == 0) RunBareServer();
  // See server/rpc/grpc_server.cc.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  const Settings settings = ParseSettings(argc, argv);
  bool measured = true;
  for (const std::string& part : kOverloaded) {
    for (const Manners manners : {Manners::kPolite, Manners::kImpolite}) {
      if (!settings.Wants(part)) continue;
      measured &= WithServer(settings, [&](const std::string& address) {
        Overload(address, KindOf(part, address, settings), manners, settings);
      });
    }
  }
  if (settings.Wants("beside")) {
    measured &=
        WithServer(settings, [&](const std::string& address) { MeasureBeside(address, settings); });
  }
  return measured ? 0 : 1;
}

}  // namespace
}  // namespace cairn::bench

int main(int argc, char** argv) { return cairn::bench::Main(argc, argv); }
