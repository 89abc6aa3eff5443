// Loading, cleaning and features on the data set named by CAIRN_DATASET (plain or packed); on
// generated data of the same size without it. MemoryRead is the ceiling of the machine in the
// same run: compare with it, not with figures of another day.

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "bench/beside.h"
#include "benchmark/benchmark.h"
#include "fmt/format.h"
#include "pipeline/data/byte_feed.h"
#include "pipeline/data/byte_source.h"
#include "pipeline/data/cleaning.h"
#include "pipeline/data/csv_reader.h"
#include "pipeline/data/features.h"
#include "pipeline/data/load.h"
#include "pipeline/data/synthetic.h"
#include "pipeline/data/table_csv.h"
#include "pipeline/data/zip_archive.h"

namespace cairn::pipeline {
namespace {

// A plain CSV file, made once and removed at the end.
class PlainFile {
 public:
  PlainFile() {
    const char* folder = std::getenv("TMPDIR");
    path_ = fmt::format("{}/cairn_pipeline_data_bench.{}.csv", folder ? folder : "/tmp", getpid());
    const absl::Status written = WriteOutputFile(path_, Text());
    if (!written.ok()) {
      fmt::print(stderr, "{}\n", std::string(written.message()));
      std::exit(1);
    }
  }
  ~PlainFile() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }
  static const PlainFile& Get() {
    static const PlainFile file;
    return file;
  }

 private:
  static std::string Text() {
    if (const char* dataset = std::getenv("CAIRN_DATASET")) {
      auto bytes = InputBytes::Read(dataset);
      if (bytes.ok()) return Unpacked(bytes->view());
    }
    SyntheticOptions options;
    options.customers = 5500;
    return GenerateTransactionsCsv(options)->csv;
  }
  static std::string Unpacked(std::string_view bytes) {
    if (DetectInputKind(bytes) != InputKind::kZstd) return std::string(bytes);
    ByteFeed feed(MostUnpacked(bytes.size(), InputLimits{}));
    const auto stream = OpenZstd(bytes, InputLimits{});
    if (!feed.Fill(*stream).ok()) std::exit(1);
    return std::string(feed.WaitForAll());
  }

  std::string path_;
};

const LoadedTransactions& Loaded() {
  static const auto& loaded =
      *new LoadedTransactions(LoadTransactions(PlainFile::Get().path()).value());
  return loaded;
}

const TransactionTable& Cleaned() {
  static const auto& table = *new TransactionTable(CleanTransactions(Loaded().table).table);
  return table;
}

void MemoryRead(benchmark::State& state) {
  const InputBytes bytes = InputBytes::Read(PlainFile::Get().path()).value();
  const std::string text(bytes.view());
  for (auto _ : state) {
    uint64_t sum = 0;
    for (size_t at = 0; at + 8 <= text.size(); at += 8) {
      uint64_t word;
      std::memcpy(&word, text.data() + at, 8);
      sum += word;
    }
    benchmark::DoNotOptimize(sum);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}
BENCHMARK(MemoryRead)->Unit(benchmark::kMillisecond)->UseRealTime();

void ScanStructure(benchmark::State& state) {
  const InputBytes bytes = InputBytes::Read(PlainFile::Get().path()).value();
  const auto level = static_cast<ScanLevel>(state.range(0));
  constexpr size_t kWindow = size_t{64} << 10;
  std::vector<uint32_t> positions;
  for (auto _ : state) {
    for (size_t at = 0; at < bytes.view().size(); at += kWindow) {
      FindStructure(bytes.view().substr(at, kWindow), level, &positions);
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes.view().size()));
}
BENCHMARK(ScanStructure)
    ->Arg(static_cast<int>(ScanLevel::kPortable))
    ->Arg(static_cast<int>(BestScanLevel()))
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void LoadCsv(benchmark::State& state) {
  LoadOptions options;
  options.threads = static_cast<int>(state.range(0));
  const std::string& path = PlainFile::Get().path();
  uint64_t bytes = 0;
  for (auto _ : state) {
    auto loaded = LoadTransactions(path, options);
    if (!loaded.ok()) return state.SkipWithError("load failed");
    benchmark::DoNotOptimize(loaded->rows_read);
    bytes = loaded->unpacked_bytes;
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes));
}
BENCHMARK(LoadCsv)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

// The data set as it is packed on disk.
void LoadPacked(benchmark::State& state) {
  const char* dataset = std::getenv("CAIRN_DATASET");
  if (dataset == nullptr) return state.SkipWithError("CAIRN_DATASET is not set");
  for (auto _ : state) {
    auto loaded = LoadTransactions(dataset);
    if (!loaded.ok()) return state.SkipWithError("load failed");
    benchmark::DoNotOptimize(loaded->rows_read);
  }
}
BENCHMARK(LoadPacked)->Unit(benchmark::kMillisecond)->UseRealTime();

// One thread, beside a look at every byte of the file in memory.
void LoadCsvBeside(benchmark::State& state) {
  LoadOptions options;
  options.threads = 1;
  const std::string& path = PlainFile::Get().path();
  const InputBytes bytes = InputBytes::Read(path).value();
  std::vector<uint32_t> positions;
  const auto scan = [&] {
    constexpr size_t kWindow = size_t{64} << 10;
    for (size_t at = 0; at < bytes.view().size(); at += kWindow) {
      FindStructure(bytes.view().substr(at, kWindow), BestScanLevel(), &positions);
    }
    benchmark::DoNotOptimize(positions.data());
  };
  RunBeside(
      state, [&] { benchmark::DoNotOptimize(LoadTransactions(path, options)->rows_read); }, scan);
}
BENCHMARK(LoadCsvBeside)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(10);

// The workbook named by CAIRN_WORKBOOK (bench/pipeline_data/make-workbook makes it), beside the
// unpacking of all its parts.
void LoadWorkbookBeside(benchmark::State& state) {
  const char* workbook = std::getenv("CAIRN_WORKBOOK");
  if (workbook == nullptr) return state.SkipWithError("CAIRN_WORKBOOK is not set");
  const InputBytes bytes = InputBytes::Read(workbook).value();
  const ZipArchive archive = ZipArchive::Open(bytes.view(), InputLimits{}).value();
  std::vector<char> piece(size_t{512} << 10);
  const auto unpack = [&] {
    for (const ZipEntry& entry : archive.entries()) {
      const auto stream = archive.OpenEntry(entry).value();
      while (stream->Read(piece.data(), piece.size()).value() > 0) {
      }
    }
  };
  RunBeside(
      state, [&] { benchmark::DoNotOptimize(LoadTransactions(workbook)->rows_read); }, unpack);
}
BENCHMARK(LoadWorkbookBeside)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);

void Clean(benchmark::State& state) {
  const TransactionTable& table = Loaded().table;
  for (auto _ : state) benchmark::DoNotOptimize(CleanTransactions(table).table.rows());
}
BENCHMARK(Clean)->Unit(benchmark::kMillisecond)->UseRealTime();

void CleanStage(benchmark::State& state) {
  TransactionTable table = Loaded().table;
  const auto stage = static_cast<size_t>(state.range(0));
  for (size_t i = 0; i < stage; ++i) table = CleaningStages()[i].apply(table, {}).table;
  state.SetLabel(std::string(CleaningStages()[stage].name));
  for (auto _ : state) {
    benchmark::DoNotOptimize(CleaningStages()[stage].apply(table, {}).table.rows());
  }
}
BENCHMARK(CleanStage)->DenseRange(0, 5)->Unit(benchmark::kMillisecond)->UseRealTime();

void Features(benchmark::State& state) {
  const auto preset = static_cast<FeaturePreset>(state.range(0));
  const int threads = static_cast<int>(state.range(1));
  const TransactionTable& table = Cleaned();
  for (auto _ : state) {
    benchmark::DoNotOptimize(ComputeFeatures(table, preset, threads)->values.data());
  }
  state.SetLabel(std::string(FeaturePresetName(preset)));
}
BENCHMARK(Features)->ArgsProduct({{0, 1}, {1, 2}})->Unit(benchmark::kMillisecond)->UseRealTime();

void FormatTransactions(benchmark::State& state) {
  const TransactionTable& table = Cleaned();
  size_t bytes = 0;
  for (auto _ : state) {
    bytes = TransactionsCsv(table, static_cast<int>(state.range(0))).size();
    benchmark::DoNotOptimize(bytes);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes));
}
BENCHMARK(FormatTransactions)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

void FormatFeatures(benchmark::State& state) {
  const FeatureMatrix features = ComputeFeatures(Cleaned(), FeaturePreset::kDefault).value();
  for (auto _ : state) benchmark::DoNotOptimize(FeaturesCsv(features).size());
}
BENCHMARK(FormatFeatures)->Unit(benchmark::kMillisecond)->UseRealTime();

void Generate(benchmark::State& state) {
  SyntheticOptions options;
  options.customers = static_cast<int32_t>(state.range(0));
  uint64_t bytes = 0;
  for (auto _ : state) {
    const auto summary =
        GenerateTransactions(options, [](std::string_view) { return absl::OkStatus(); });
    bytes = summary->bytes;
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes));
}
BENCHMARK(Generate)->Arg(1000)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace cairn::pipeline

BENCHMARK_MAIN();
