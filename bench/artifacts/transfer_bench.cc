// Uploads and downloads of a large file through the real server over loopback, client
// included, beside the bare hash and the bare disk in the same run. Small files and many
// uploads at once are in files_bench.cc.
// usage: transfer_bench [--size-mib N] [--calls N] [--chunking 0] [--data-dir PARENT]
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "bench/artifacts/bench_transfers.h"
#include "bench/artifacts/resident_peak.h"
#include "fmt/format.h"

namespace cairn::bench {
namespace {

namespace fs = std::filesystem;
using client::UploadItem;

struct Settings {
  int64_t size = 1024 * kMebi;
  client::UploadOptions how;
  std::string parent = fs::temp_directory_path().string();
};

// A file of noise, and with `insert_at` not negative one byte more there.
void WriteNoise(const std::string& path, int64_t size, int64_t insert_at) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  for (int64_t offset = 0; offset < size; offset += kMebi) {
    const std::string part = Noise(std::min(kMebi, size - offset), static_cast<uint64_t>(offset));
    const bool here = insert_at >= offset && insert_at < offset + kMebi;
    const auto at = static_cast<size_t>(here ? insert_at - offset : 0);
    file << part.substr(0, at) << (here ? "x" : "") << part.substr(at);
  }
}

std::string Share(const Transfer& transfer) {
  return fmt::format("{:.4f} % of the bytes sent",
                     100.0 * static_cast<double>(transfer.progress.transferred_bytes) /
                         static_cast<double>(transfer.progress.total_bytes));
}

// Into a new store, which is removed again: the next finds memory that was just freed.
void FirstUpload(const Settings& settings, const Ceilings& bare, const std::string& folder) {
  testing::ServerProcess server(folder + "/first");
  if (!server.Start()) std::exit(1);
  const auto client = ConnectTo(server);
  ResidentPeak server_peak(server.pid());
  ResidentPeak own_peak(::getpid());
  const Transfer up = Upload(*client, {UploadItem::File("large", folder + "/large")}, settings.how);
  Row("upload, durable, first time", settings.size, up.seconds, bare,
      Growth(server_peak, own_peak));
  server.Stop();
  fs::remove_all(folder + "/first");
}

void Large(const Settings& settings, const Ceilings& bare, const std::string& folder) {
  testing::ServerProcess server(folder + "/store");
  if (!server.Start()) std::exit(1);
  const auto client = ConnectTo(server);
  const std::string path = folder + "/large";
  const Transfer up = Upload(*client, {UploadItem::File("large", path)}, settings.how);
  Row("upload, durable, second time", settings.size, up.seconds, bare, Share(up));
  for (const char* which : {"first", "second"}) {
    ResidentPeak server_peak(server.pid());
    ResidentPeak own_peak(::getpid());
    const Transfer down = Download(*client, up.files, folder + "/out");
    Row(fmt::format("download, verified, {} time", which), settings.size, down.seconds, bare,
        Growth(server_peak, own_peak));
    fs::remove_all(folder + "/out");
  }
  const Transfer again = Upload(*client, {UploadItem::File("large", path)}, settings.how);
  Row("upload of the same", settings.size, again.seconds, bare, Share(again));
  WriteNoise(path, settings.size, settings.size / 3);
  const Transfer changed = Upload(*client, {UploadItem::File("large", path)}, settings.how);
  Row("upload with one byte inserted", settings.size, changed.seconds, bare, Share(changed));
  const Transfer whole = Download(*client, changed.files, folder + "/out");
  Row("download of that", settings.size, whole.seconds, bare, "");
  fs::remove_all(folder + "/out");
  fs::remove(path);
  server.Stop();
}

int Main(int argc, char** argv) {
  // See server/rpc/grpc_server.cc.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  Settings settings;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--size-mib") settings.size = std::atoll(argv[i + 1]) * kMebi;
    if (flag == "--calls") settings.how.calls_in_flight = std::atoi(argv[i + 1]);
    if (flag == "--chunking") settings.how.chunking = std::atoi(argv[i + 1]) != 0;
    if (flag == "--data-dir") settings.parent = argv[i + 1];
  }
  std::string folder = settings.parent + "/cairn-transfer-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  WriteNoise(folder + "/large", settings.size, -1);
  const Ceilings bare = MeasureBare(settings.size, folder);
  FirstUpload(settings, bare, folder);
  Large(settings, bare, folder);
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  return 0;
}

}  // namespace
}  // namespace cairn::bench

int main(int argc, char** argv) { return cairn::bench::Main(argc, argv); }
