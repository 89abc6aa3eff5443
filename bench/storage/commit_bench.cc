// Durable commits through the committer, beside a bare append with fdatasync on
// the same volume in the same run. Compare by ratio.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/digest.h"
#include "lib/base/mutex.h"
#include "server/artifacts/pack_blob_store.h"
#include "server/storage/keyspace.h"
#include "server/storage/rocks_store.h"

namespace cairn {
namespace {

using Clock = std::chrono::steady_clock;

// A directory for one benchmark; below BENCH_DIR if that is set.
class Scratch {
 public:
  Scratch() {
    const char* base = ::getenv("BENCH_DIR");
    const std::filesystem::path root =
        base != nullptr ? base : std::filesystem::temp_directory_path();
    std::string pattern = (root / "cairn-bench-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string Join(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Latencies of single operations.
class Latencies {
 public:
  void Add(Clock::duration d) {
    micros_.push_back(std::chrono::duration<double, std::micro>(d).count());
  }
  void Report(benchmark::State& state) {
    if (micros_.empty()) return;
    std::sort(micros_.begin(), micros_.end());
    state.counters["p50_us"] = micros_[micros_.size() / 2];
    state.counters["p99_us"] = micros_[micros_.size() * 99 / 100];
  }

 private:
  std::vector<double> micros_;
};

std::unique_ptr<storage::KvStore> OpenStore(const std::string& directory) {
  storage::RocksOptions options;
  options.directory = directory;
  return storage::OpenRocksStore(options).value();
}

// What a small call writes: a guarded record, a collection key and an event.
storage::WriteSet TypicalSet(int64_t i) {
  storage::WriteSet set;
  set.RequireAbsent(storage::ExperimentKey(i));
  set.PutRecord(storage::ExperimentKey(i), std::string(300, 'x'));
  set.Emit("experiments/1", cairn::v1::Event::EXPERIMENT_CREATED, std::string(100, 'y'));
  return set;
}

void BareAppendAndSync(benchmark::State& state) {
  Scratch scratch;
  const int fd = ::open(scratch.Join("log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  const std::string bytes(512, 'x');
  Latencies latencies;
  for (auto _ : state) {
    const auto begin = Clock::now();
    if (::write(fd, bytes.data(), bytes.size()) < 0 || ::fdatasync(fd) != 0) {
      state.SkipWithError("cannot write");
      break;
    }
    latencies.Add(Clock::now() - begin);
  }
  state.SetItemsProcessed(state.iterations());
  latencies.Report(state);
  ::close(fd);
}
BENCHMARK(BareAppendAndSync)->UseRealTime()->MinTime(2);

void CommitOneClient(benchmark::State& state) {
  Scratch scratch;
  const auto store = OpenStore(scratch.Join("store"));
  Latencies latencies;
  int64_t i = 0;
  for (auto _ : state) {
    const auto begin = Clock::now();
    if (!store->CommitAndWait(TypicalSet(++i)).ok()) state.SkipWithError("commit failed");
    latencies.Add(Clock::now() - begin);
  }
  state.SetItemsProcessed(state.iterations());
  latencies.Report(state);
}
BENCHMARK(CommitOneClient)->UseRealTime()->MinTime(2);

// `range(0)` commits in flight at any time, as asynchronous handlers have them.
void CommitManyInFlight(benchmark::State& state) {
  Scratch scratch;
  const auto store = OpenStore(scratch.Join("store"));
  Mutex mutex;
  CondVar room;
  int64_t in_flight = 0;
  Latencies latencies;
  int64_t i = 0;
  for (auto _ : state) {
    {
      MutexLock lock(&mutex);
      while (in_flight >= state.range(0)) room.Wait(&mutex);
      ++in_flight;
    }
    const auto begin = Clock::now();
    store->Commit(TypicalSet(++i), [&, begin](const storage::CommitResult&) {
      MutexLock lock(&mutex);
      latencies.Add(Clock::now() - begin);
      --in_flight;
      room.Signal();
    });
  }
  MutexLock lock(&mutex);
  while (in_flight > 0) room.Wait(&mutex);
  state.SetItemsProcessed(state.iterations());
  latencies.Report(state);
}
BENCHMARK(CommitManyInFlight)->Arg(16)->Arg(64)->Arg(256)->UseRealTime()->MinTime(2);

void SnapshotAndGet(benchmark::State& state) {
  Scratch scratch;
  const auto store = OpenStore(scratch.Join("store"));
  for (int64_t i = 0; i < 1000; ++i) benchmark::DoNotOptimize(store->CommitAndWait(TypicalSet(i)));
  int64_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(store->GetSnapshot()->Get(storage::ExperimentKey(++i % 1000)));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(SnapshotAndGet);

void OpenEmptyStore(benchmark::State& state) {
  for (auto _ : state) {
    Scratch scratch;
    OpenStore(scratch.Join("store"));
  }
}
BENCHMARK(OpenEmptyStore)->UseRealTime()->Unit(benchmark::kMillisecond);

constexpr int64_t kBlobBytes = int64_t{64} << 20;

void UploadBlob(benchmark::State& state) {
  Scratch scratch;
  const auto store = OpenStore(scratch.Join("store"));
  artifacts::BlobStoreOptions options;
  options.directory = scratch.Join("store/packs");
  const auto blobs = artifacts::OpenBlobStore(options, *store, SystemClock()).value();
  std::string bytes(static_cast<size_t>(kBlobBytes), 'x');
  uint64_t serial = 0;
  for (auto _ : state) {
    state.PauseTiming();
    bytes.replace(0, 20, std::to_string(10'000'000'000'000'000'000u + ++serial));
    const Digest digest = DigestOf(bytes);
    state.ResumeTiming();
    auto upload = blobs->OpenUpload("u" + std::to_string(serial), digest).value();
    for (int64_t at = 0; at < kBlobBytes; at += 256 << 10) {
      if (!upload->Write(at, std::string_view(bytes).substr(static_cast<size_t>(at), 256 << 10))
               .ok()) {
        state.SkipWithError("write failed");
      }
    }
    if (!upload->Finish().ok()) state.SkipWithError("finish failed");
  }
  state.SetBytesProcessed(state.iterations() * kBlobBytes);
}
BENCHMARK(UploadBlob)->UseRealTime()->Iterations(8)->Unit(benchmark::kMillisecond);

void ReadBlob(benchmark::State& state) {
  Scratch scratch;
  const auto store = OpenStore(scratch.Join("store"));
  artifacts::BlobStoreOptions options;
  options.directory = scratch.Join("store/packs");
  const auto blobs = artifacts::OpenBlobStore(options, *store, SystemClock()).value();
  const std::string bytes(static_cast<size_t>(kBlobBytes), 'x');
  const Digest digest = DigestOf(bytes);
  auto upload = blobs->OpenUpload("u", digest).value();
  if (!upload->Write(0, bytes).ok() || !upload->Finish().ok()) state.SkipWithError("upload failed");
  for (auto _ : state) {
    const absl::Status status = blobs->Read(digest, 0, 0, [](std::string_view piece) {
      benchmark::DoNotOptimize(piece.data());
      return absl::OkStatus();
    });
    if (!status.ok()) state.SkipWithError("read failed");
  }
  state.SetBytesProcessed(state.iterations() * kBlobBytes);
}
BENCHMARK(ReadBlob)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace cairn

BENCHMARK_MAIN();
