// Very many small files, and many uploads at once, through the real server over loopback,
// client included: how fast, and how much memory they take.
// usage: files_bench [--files N] [--uploads N] [--upload-mib N] [--calls N] [--data-dir PARENT]
//     [--only small|parallel]
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "bench/artifacts/bench_transfers.h"
#include "bench/artifacts/resident_peak.h"
#include "fmt/format.h"
#include "lib/base/digest.h"
#include "lib/base/files.h"

namespace cairn::bench {
namespace {

namespace fs = std::filesystem;
using client::UploadItem;

constexpr int64_t kFileBytes = 1024;

struct Settings {
  int files = 100'000;
  int uploads = 64;
  int64_t upload_bytes = 16 * kMebi;
  client::UploadOptions how;
  std::string parent = fs::temp_directory_path().string();
  std::string only;

  bool Wants(const std::string& part) const { return only.empty() || only == part; }
};

// Files of noise, a thousand to a folder.
std::vector<UploadItem> WriteFiles(int count, const std::string& folder) {
  std::vector<UploadItem> items;
  for (int i = 0; i < count; ++i) {
    const std::string place = fmt::format("{:03}/{}", i / 1000, i);
    if (i % 1000 == 0) fs::create_directories(fmt::format("{}/{:03}", folder, i / 1000));
    const std::string file = folder + "/" + place;
    std::ofstream(file, std::ios::binary) << Noise(kFileBytes, static_cast<uint64_t>(i));
    items.push_back(UploadItem::File(place, file));
  }
  return items;
}

// What no client can do without: each file opened, read and hashed, on one thread.
double ReadAndHash(const std::vector<UploadItem>& items) {
  const auto begin = BenchClock::now();
  for (const UploadItem& item : items) {
    const auto bytes = ReadFile(item.file);
    Check(bytes.status(), "read");
    DigestOf(*bytes);
  }
  return SecondsSince(begin);
}

void Small(const testing::ServerProcess& server, const Settings& settings, const Ceilings& bare,
           const std::string& folder) {
  const auto client = ConnectTo(server);
  const std::vector<UploadItem> items = WriteFiles(settings.files, folder + "/small");
  const int64_t bytes = kFileBytes * settings.files;
  const auto row = [&](const std::string& what, double seconds, const std::string& rest = "") {
    Row(fmt::format("{} of {} files of 1 KiB", what, settings.files), bytes, seconds, bare,
        fmt::format("{:.0f} files/s {}", settings.files / seconds, rest));
  };
  row("bare reading and hashing", ReadAndHash(items));
  Transfer up;
  {
    ResidentPeak server_peak(server.pid());
    ResidentPeak own_peak(::getpid());
    up = Upload(*client, items);
    row("upload, durable,", up.seconds, Growth(server_peak, own_peak));
  }
  row("second upload", Upload(*client, items).seconds);
  row("download", Download(*client, up.files, folder + "/out").seconds);
  fs::remove_all(folder + "/out");
  fs::remove_all(folder + "/small");
}

// Uploads at once, each with a connection of its own: what they add to the server's memory.
void Parallel(const testing::ServerProcess& server, const Settings& settings, const Ceilings& bare,
              const std::string& folder, bool chunking) {
  std::vector<std::string> paths;
  for (int i = 0; i < settings.uploads; ++i) {
    const uint64_t seed = (chunking ? 1'000'000 : 2'000'000) + static_cast<uint64_t>(i);
    paths.push_back(fmt::format("{}/upload{}", folder, i));
    std::ofstream(paths.back(), std::ios::binary) << Noise(settings.upload_bytes, seed);
  }
  ResidentPeak server_peak(server.pid());
  ResidentPeak own_peak(::getpid());
  const auto begin = BenchClock::now();
  std::vector<std::thread> threads;
  for (const std::string& path : paths) {
    threads.emplace_back([&] {
      const auto client = ConnectTo(server);
      client::UploadOptions how = settings.how;
      how.chunking = chunking;
      const auto files =
          client::Uploader(*client, nullptr, how).Upload({UploadItem::File("file", path)});
      Check(files.status(), "upload");
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double seconds = SecondsSince(begin);
  for (const std::string& path : paths) fs::remove(path);
  const auto each = [&settings](ResidentPeak& peak) {
    return static_cast<double>(peak.Growth()) / settings.uploads / kMebi;
  };
  const std::string growth = Growth(server_peak, own_peak);
  Row(fmt::format("{} uploads of {} MiB at once, in {}", settings.uploads,
                  settings.upload_bytes / kMebi, chunking ? "chunks" : "streams"),
      settings.upload_bytes * settings.uploads, seconds, bare,
      fmt::format("{}; for each {:.2f} MiB and {:.2f} MiB", growth, each(server_peak),
                  each(own_peak)));
}

int Main(int argc, char** argv) {
  // See server/rpc/grpc_server.cc.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  Settings settings;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--files") settings.files = std::atoi(argv[i + 1]);
    if (flag == "--uploads") settings.uploads = std::max(std::atoi(argv[i + 1]), 1);
    if (flag == "--upload-mib") settings.upload_bytes = std::atoll(argv[i + 1]) * kMebi;
    if (flag == "--calls") settings.how.calls_in_flight = std::atoi(argv[i + 1]);
    if (flag == "--data-dir") settings.parent = argv[i + 1];
    if (flag == "--only") settings.only = argv[i + 1];
  }
  std::string folder = settings.parent + "/cairn-files-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  {
    testing::ServerProcess server(folder + "/store");
    if (!server.Start()) return 1;
    const Ceilings bare = MeasureBare(256 * kMebi, folder);
    if (settings.Wants("small")) Small(server, settings, bare, folder);
    if (settings.Wants("parallel")) {
      Parallel(server, settings, bare, folder, /*chunking=*/true);
      Parallel(server, settings, bare, folder, /*chunking=*/false);
    }
    server.Stop();
  }
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  return 0;
}

}  // namespace
}  // namespace cairn::bench

int main(int argc, char** argv) { return cairn::bench::Main(argc, argv); }
