// Uploads and downloads through the real server over loopback, client included, beside the
// bare hash and the bare disk in the same run.
// usage: transfer_bench [--size-mib N] [--files N] [--uploads N] [--data-dir PARENT]
//     [--only large|small|parallel]
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "bench/artifacts/resident_peak.h"
#include "fmt/format.h"
#include "lib/base/digest.h"
#include "lib/client/client.h"
#include "lib/client/downloader.h"
#include "lib/client/uploader.h"
#include "tests/testing/server_process.h"

namespace cairn::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using client::TransferProgress;
using client::UploadItem;

constexpr int64_t kMebi = 1 << 20;

struct Settings {
  int64_t size = 1024 * kMebi;
  int files = 100'000;
  int uploads = 64;
  std::string parent = fs::temp_directory_path().string();
  std::string only;

  bool Wants(const std::string& part) const { return only.empty() || only == part; }
};

// The bare components, in bytes a second.
struct Ceilings {
  double hash = 1;
  double disk = 1;
};

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

void Check(const absl::Status& status, const char* what) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s: %s\n", what, status.ToString().c_str());
  std::exit(1);
}

void Row(const std::string& what, int64_t bytes, double seconds, const Ceilings& bare,
         const std::string& rest) {
  const double rate = static_cast<double>(bytes) / seconds;
  std::printf("%-44s %7.2f s %7.3f GB/s %6.2f x hash %6.2f x disk  %s\n", what.c_str(), seconds,
              rate / 1e9, rate / bare.hash, rate / bare.disk, rest.c_str());
  std::fflush(stdout);
}

std::string Noise(int64_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes(static_cast<size_t>(size), '\0');
  for (size_t i = 0; i + 8 <= bytes.size(); i += 8) {
    const uint64_t word = random();
    std::memcpy(bytes.data() + i, &word, sizeof(word));
  }
  return bytes;
}

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

// The same bytes through SHA-256 alone, and to a file with a sync after each MiB.
Ceilings MeasureBare(const Settings& settings, const std::string& folder) {
  Ceilings bare;
  const std::string part = Noise(kMebi, 1);
  auto begin = Clock::now();
  Sha256Hasher hasher;
  for (int64_t done = 0; done < settings.size; done += kMebi) hasher.Update(part);
  hasher.Finish();
  bare.hash = static_cast<double>(settings.size) / SecondsSince(begin);
  const std::string path = folder + "/bare";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  begin = Clock::now();
  for (int64_t done = 0; done < settings.size; done += kMebi) {
    if (::write(fd, part.data(), part.size()) < 0 || ::fdatasync(fd) != 0) std::exit(1);
  }
  bare.disk = static_cast<double>(settings.size) / SecondsSince(begin);
  ::close(fd);
  fs::remove(path);
  std::printf("bare SHA-256 %.3f GB/s, bare 1 MiB writes + fdatasync %.3f GB/s\n", bare.hash / 1e9,
              bare.disk / 1e9);
  return bare;
}

std::unique_ptr<client::Client> ConnectTo(const testing::ServerProcess& server) {
  client::ConnectOptions options;
  options.address = server.grpc_address();
  options.call_timeout_millis = 300'000;
  auto client = client::Client::Connect(options);
  Check(client.status(), "connect");
  return std::move(*client);
}

struct Transfer {
  double seconds = 0;
  TransferProgress progress;
  std::vector<v1::ArtifactFile> files;
};

Transfer Upload(client::Client& client, const std::vector<UploadItem>& items) {
  Transfer result;
  const auto begin = Clock::now();
  client::Uploader uploader(client,
                            [&](const TransferProgress& progress) { result.progress = progress; });
  auto files = uploader.Upload(items);
  Check(files.status(), "upload");
  result.seconds = SecondsSince(begin);
  result.files = std::move(*files);
  return result;
}

Transfer Download(client::Client& client, const std::vector<v1::ArtifactFile>& files,
                  const std::string& directory) {
  Transfer result;
  const auto begin = Clock::now();
  client::Downloader downloader(
      client, [&](const TransferProgress& progress) { result.progress = progress; });
  Check(downloader.FetchFiles(files, directory), "download");
  result.seconds = SecondsSince(begin);
  return result;
}

std::string Share(const Transfer& transfer) {
  return fmt::format("{:.4f} % of the bytes sent",
                     100.0 * static_cast<double>(transfer.progress.transferred_bytes) /
                         static_cast<double>(transfer.progress.total_bytes));
}

std::string Growth(ResidentPeak& server, ResidentPeak& own) {
  return fmt::format("memory +{:.1f} MB server, +{:.1f} MB client",
                     static_cast<double>(server.Growth()) / 1e6,
                     static_cast<double>(own.Growth()) / 1e6);
}

void Large(const testing::ServerProcess& server, const Settings& settings, const Ceilings& bare,
           const std::string& folder) {
  const auto client = ConnectTo(server);
  const std::string path = folder + "/large";
  const std::string name = fmt::format("{} MiB", settings.size / kMebi);
  WriteNoise(path, settings.size, -1);
  std::vector<v1::ArtifactFile> files;
  {
    ResidentPeak server_peak(server.pid());
    ResidentPeak own_peak(::getpid());
    const Transfer up = Upload(*client, {UploadItem::File("large", path)});
    Row("upload of " + name + ", durable", settings.size, up.seconds, bare,
        Growth(server_peak, own_peak));
    files = up.files;
  }
  for (const char* which : {"first", "second"}) {
    ResidentPeak server_peak(server.pid());
    ResidentPeak own_peak(::getpid());
    const Transfer down = Download(*client, files, folder + "/out");
    Row(fmt::format("download, verified, {} time", which), settings.size, down.seconds, bare,
        Growth(server_peak, own_peak));
    fs::remove_all(folder + "/out");
  }
  const Transfer again = Upload(*client, {UploadItem::File("large", path)});
  Row("upload of the same", settings.size, again.seconds, bare, Share(again));
  WriteNoise(path, settings.size, settings.size / 3);
  const Transfer changed = Upload(*client, {UploadItem::File("large", path)});
  Row("upload with one byte inserted", settings.size, changed.seconds, bare, Share(changed));
  const Transfer whole = Download(*client, changed.files, folder + "/out");
  Row("download of that", settings.size, whole.seconds, bare, "");
  fs::remove_all(folder + "/out");
  fs::remove(path);
}

void Small(const testing::ServerProcess& server, const Settings& settings, const Ceilings& bare,
           const std::string& folder) {
  const auto client = ConnectTo(server);
  std::vector<UploadItem> items;
  for (int i = 0; i < settings.files; ++i) {
    const std::string place = fmt::format("{:03}/{}", i / 1000, i);
    if (i % 1000 == 0) fs::create_directories(fmt::format("{}/small/{:03}", folder, i / 1000));
    const std::string file = fmt::format("{}/small/{}", folder, place);
    std::ofstream(file, std::ios::binary) << Noise(1024, static_cast<uint64_t>(i));
    items.push_back(UploadItem::File(place, file));
  }
  const int64_t bytes = int64_t{1024} * settings.files;
  const auto row = [&](const std::string& what, const Transfer& transfer) {
    Row(fmt::format("{} of {} files of 1 KiB", what, settings.files), bytes, transfer.seconds, bare,
        fmt::format("{:.0f} files/s", settings.files / transfer.seconds));
  };
  const Transfer up = Upload(*client, items);
  row("upload", up);
  row("second upload", Upload(*client, items));
  row("download", Download(*client, up.files, folder + "/out"));
  fs::remove_all(folder + "/out");
  fs::remove_all(folder + "/small");
}

void Parallel(const testing::ServerProcess& server, const Settings& settings,
              const Ceilings& bare) {
  const int64_t each = settings.size / settings.uploads;
  std::vector<std::string> contents;
  for (int i = 0; i < settings.uploads; ++i) {
    contents.push_back(Noise(each, 1'000'000 + static_cast<uint64_t>(i)));
  }
  ResidentPeak server_peak(server.pid());
  ResidentPeak own_peak(::getpid());
  const auto begin = Clock::now();
  std::vector<std::thread> threads;
  for (const std::string& content : contents) {
    threads.emplace_back([&] {
      const auto client = ConnectTo(server);
      const auto files = client::Uploader(*client).Upload({UploadItem::Bytes("file", content)});
      Check(files.status(), "upload");
    });
  }
  for (std::thread& thread : threads) thread.join();
  Row(fmt::format("{} uploads of {:.1f} MiB at once", settings.uploads,
                  static_cast<double>(each) / kMebi),
      each * settings.uploads, SecondsSince(begin), bare, Growth(server_peak, own_peak));
}

int Main(int argc, char** argv) {
  // See server/rpc/grpc_server.cc.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  Settings settings;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--size-mib") settings.size = std::atoll(argv[i + 1]) * kMebi;
    if (flag == "--files") settings.files = std::atoi(argv[i + 1]);
    if (flag == "--uploads") settings.uploads = std::max(std::atoi(argv[i + 1]), 1);
    if (flag == "--data-dir") settings.parent = argv[i + 1];
    if (flag == "--only") settings.only = argv[i + 1];
  }
  std::string folder = settings.parent + "/cairn-transfer-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  {
    testing::ServerProcess server(folder + "/store");
    if (!server.Start()) return 1;
    const Ceilings bare = MeasureBare(settings, folder);
    if (settings.Wants("large")) Large(server, settings, bare, folder);
    if (settings.Wants("small")) Small(server, settings, bare, folder);
    if (settings.Wants("parallel")) Parallel(server, settings, bare);
    server.Stop();
  }
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  return 0;
}

}  // namespace
}  // namespace cairn::bench

int main(int argc, char** argv) { return cairn::bench::Main(argc, argv); }
